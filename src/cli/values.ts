import "./core.ts";
/** Values of flags, checked with the messages of Go's strconv and docker's go-units, which scripts know. */

export class ValueError extends Error {}

const TRUE = new Set(["1", "t", "T", "TRUE", "true", "True"]);
const FALSE = new Set(["0", "f", "F", "FALSE", "false", "False"]);

export function parseBool(text: string): boolean {
  if (TRUE.has(text)) return true;
  if (FALSE.has(text)) return false;
  throw new ValueError(`strconv.ParseBool: parsing ${quote(text)}: invalid syntax`);
}

/** Decimal, 0x…, 0o… or 0b…, with an optional sign. */
export function parseInteger(text: string, { min, max, call }: { min: number; max: number; call: "ParseInt" | "ParseUint" }): number {
  const match = /^([+-]?)(0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0[bB][01]+|\d+)$/.exec(text);
  if (!match || (call === "ParseUint" && match[1] !== "")) throw new ValueError(`strconv.${call}: parsing ${quote(text)}: invalid syntax`);
  const digits = match[2] ?? "";
  const size = /^0[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number(digits);
  const value = match[1] === "-" ? -size : size;
  if (value < min || value > max) throw new ValueError(`strconv.${call}: parsing ${quote(text)}: value out of range`);
  return value;
}

const UNITS: Readonly<Record<string, number>> = { k: 1, m: 2, g: 3, t: 4, p: 5 };

/** `512m`, `1.5GiB`, `1024`: bytes in powers of 1024. */
export function parseBytes(text: string): number {
  const split = /^([\s\S]*?)\s*([^0-9. ]*)$/.exec(text);
  const digits = (split?.[1] ?? "").trim();
  if (!/^[+-]?(\d+\.?\d*|\.\d+)$/.test(digits)) throw new ValueError(/^[\d.]*\d[\d.]*$/.test(digits) ? `strconv.ParseFloat: parsing ${quote(digits)}: invalid syntax` : `invalid size: '${text}'`);
  const amount = Number(digits);
  if (amount < 0) throw new ValueError(`invalid size: '${text}'`);
  const suffix = (split?.[2] ?? "").toLowerCase();
  const unit = /^([kmgtp])?(?:i?b)?$/.exec(suffix);
  if (!unit || (suffix.startsWith("i") && !unit[1])) throw new ValueError(`invalid suffix: '${suffix}'`);
  return Math.trunc(amount * 1024 ** (unit[1] ? (UNITS[unit[1]] ?? 0) : 0));
}

/** As bytes, with -1 for no limit. */
export const parseSwap = (text: string): number => (text === "-1" ? -1 : parseBytes(text));

const NS_PER: Readonly<Record<string, number>> = { ns: 1, us: 1e3, "µs": 1e3, "μs": 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

/** Go's durations: `1h30m`, `1.5s`, `300ms`. @returns nanoseconds */
export function parseDuration(text: string): number {
  const body = /^([+-]?)(.*)$/s.exec(text);
  const rest = body?.[2] ?? "";
  if (rest === "0") return 0;
  if (rest === "") throw new ValueError(`time: invalid duration ${quote(text)}`);
  let total = 0;
  let at = 0;
  const part = /(\d+\.?\d*|\.\d+)([^\d.]*)/y;
  while (at < rest.length) {
    part.lastIndex = at;
    const match = part.exec(rest);
    if (!match) throw new ValueError(`time: invalid duration ${quote(text)}`);
    const unit = match[2] ?? "";
    if (unit === "") throw new ValueError(`time: missing unit in duration ${quote(text)}`);
    const scale = NS_PER[unit];
    if (scale === undefined) throw new ValueError(`time: unknown unit ${quote(unit)} in duration ${quote(text)}`);
    total += Number(match[1]) * scale;
    at = part.lastIndex;
  }
  return Math.round(body?.[1] === "-" ? -total : total);
}

/** `--cpus`: a decimal or a fraction. @returns billionths */
export function parseNanoCpus(text: string): number {
  const match = /^([+-]?\d+(?:\.\d*)?|[+-]?\.\d+)(?:\/(\d+))?$/.exec(text);
  const value = match ? (Number(match[1]) / Number(match[2] ?? 1)) * 1e9 : Number.NaN;
  if (!Number.isFinite(value)) throw new ValueError(`failed to parse ${text} as a rational number`);
  if (Math.abs(value - Math.round(value)) > 1e-3) throw new ValueError("value is too precise");
  return Math.round(value);
}

/** A Go string literal, near enough for what people type. */
export const quote = (text: string): string => JSON.stringify(text);
