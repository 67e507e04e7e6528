import { quoted } from "./text.ts";

const UNIT_NS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, "µs": 1e3, "μs": 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

/** Nanoseconds of `1h30m`, `-1.5s`, `0`. @throws Error in the words of Go's time.ParseDuration */
export function parseDuration(text: string): number {
  const [, sign = "", rest = ""] = /^([+-]?)([\s\S]*)$/.exec(text) ?? [];
  if (rest === "0") return 0;
  if (rest === "") throw new Error(`time: invalid duration ${quoted(text)}`);
  let total = 0;
  let at = 0;
  const part = /([0-9]*)(?:\.([0-9]*))?([^0-9.]*)/y;
  while (at < rest.length) {
    part.lastIndex = at;
    const [whole = "", integer = "", fraction, unit = ""] = part.exec(rest) ?? [];
    if (whole === "" || (integer === "" && (fraction === undefined || fraction === ""))) throw new Error(`time: invalid duration ${quoted(text)}`);
    if (unit === "") throw new Error(`time: missing unit in duration ${quoted(text)}`);
    const factor = Object.hasOwn(UNIT_NS, unit) ? UNIT_NS[unit] : undefined;
    if (factor === undefined) throw new Error(`time: unknown unit ${quoted(unit)} in duration ${quoted(text)}`);
    total += Number(`${integer || "0"}.${fraction || "0"}`) * factor;
    at += whole.length;
  }
  if (total >= 2 ** 63) throw new Error(`time: invalid duration ${quoted(text)}`);
  return Math.trunc(sign === "-" ? -total : total);
}

const PARTS: readonly (readonly [string, number])[] = [["h", 3600e9], ["m", 60e9]];

/** As Go prints one: `1h30m0s`, `1.5s`, `20ms`, `0s`. */
export function formatDuration(ns: number): string {
  if (ns === 0) return "0s";
  if (ns < 1e3) return `${ns}ns`;
  if (ns < 1e6) return `${ns / 1e3}µs`;
  if (ns < 1e9) return `${ns / 1e6}ms`;
  let rest = ns;
  let text = "";
  for (const [unit, size] of PARTS) {
    const count = Math.floor(rest / size);
    if (count > 0 || text !== "") text += `${count}${unit}`;
    rest -= count * size;
  }
  return `${text}${rest / 1e9}s`;
}
