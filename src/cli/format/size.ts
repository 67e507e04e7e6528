import "./core.ts";
const DECIMAL = ["B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"];
const BINARY = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"];

/** `1.98MB`: powers of 1000, three or four significant digits, as docker's tables. */
export const humanSize = (sizeBytes: number, digits = 3): string => scaled(sizeBytes, 1000, DECIMAL, digits);

/** `7.637GiB`: powers of 1024. */
export const binarySize = (sizeBytes: number): string => scaled(sizeBytes, 1024, BINARY, 4);

function scaled(sizeBytes: number, base: number, units: readonly string[], digits: number): string {
  let value = sizeBytes;
  let unit = 0;
  while (value >= base && unit < units.length - 1) {
    value /= base;
    unit++;
  }
  return general(value, digits) + (units[unit] ?? "");
}

/** C's and Go's `%.Ng`. */
export function general(value: number, digits: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const [mantissa = "", exponentText = "0"] = value.toExponential(Math.max(digits, 1) - 1).split("e");
  const exponent = Number(exponentText);
  const trimmed = mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa;
  if (exponent < -4 || exponent >= digits) return `${trimmed}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  const plain = value.toFixed(Math.max(digits - 1 - exponent, 0));
  return plain.includes(".") ? plain.replace(/\.?0+$/, "") : plain;
}
