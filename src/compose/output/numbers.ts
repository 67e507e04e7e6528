import { ComposeError } from "../errors.ts";

/** Numbers as Go's strconv writes them: the shortest text that reads back the same. */

interface Digits {
  readonly sign: string;
  readonly digits: string;
  /** Of the first digit: 0 for 1 to 9.99. */
  readonly exponent: number;
}

function digitsOf(value: number): Digits {
  const [mantissa = "0", exponent = "0"] = Math.abs(value).toExponential().split("e");
  return { sign: value < 0 ? "-" : "", digits: mantissa.replace(".", ""), exponent: Number(exponent) };
}

const scientific = ({ sign, digits, exponent }: Digits): string =>
  `${sign}${digits.charAt(0)}${digits.length > 1 ? `.${digits.slice(1)}` : ""}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;

function positional({ sign, digits, exponent }: Digits): string {
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  const fraction = digits.slice(exponent + 1);
  return sign + whole + (fraction === "" ? "" : `.${fraction}`);
}

/** Format `g`: with an exponent below 1e-4 and from 1e6. */
export function formatFloat(value: number): string {
  if (Number.isNaN(value)) return ".nan";
  if (!Number.isFinite(value)) return value > 0 ? ".inf" : "-.inf";
  const parts = digitsOf(value);
  return parts.exponent < -4 || parts.exponent >= 6 ? scientific(parts) : positional(parts);
}

/** The same as encoding/json has it: with an exponent below 1e-6. */
export function formatJsonNumber(value: number): string {
  if (!Number.isFinite(value)) throw new ComposeError(`json: unsupported value: ${Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf"}`);
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return String(value);
  const parts = digitsOf(value);
  return parts.exponent < -6 || parts.exponent >= 21 ? scientific(parts).replace(/e-0(\d)$/, "e-$1") : positional(parts);
}

/** The double that is written the shortest and stands for the same single-precision number. */
export function shortestSingle(value: number): number {
  const single = Math.fround(value);
  for (let precision = 1; precision <= 9; precision++) {
    const candidate = Number(single.toPrecision(precision));
    if (Math.fround(candidate) === single) return candidate;
  }
  return single;
}
