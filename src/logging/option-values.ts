import { EngineError } from "../base/mod.ts";

/** A container's `--log-opt`s. */
export type LogOptions = Readonly<Record<string, string>>;

export function refuse(message: string): never {
  throw new EngineError("InvalidParameter", message);
}

const shown = (text: string): string => JSON.stringify(text.slice(0, 64));

/** Go's strconv.ParseBool. */
export function parseBool(text: string): boolean {
  if (["1", "t", "T", "TRUE", "true", "True"].includes(text)) return true;
  if (["0", "f", "F", "FALSE", "false", "False"].includes(text)) return false;
  return refuse(`strconv.ParseBool: parsing ${shown(text)}: invalid syntax`);
}

/** Go's strconv.Atoi, or ParseUint. */
export function parseInteger(text: string, kind: "Atoi" | "ParseUint" = "Atoi"): number {
  if (!(kind === "Atoi" ? /^[-+]?\d+$/ : /^\d+$/).test(text)) refuse(`strconv.${kind}: parsing ${shown(text)}: invalid syntax`);
  const value = Number(text);
  if (!Number.isSafeInteger(value)) refuse(`strconv.${kind}: parsing ${shown(text)}: value out of range`);
  return value;
}

const LETTERS = "kmgtp";

/** docker/go-units: `10m` of 1000 (FromHumanSize) or of 1024 (RAMInBytes). Bytes. */
export function parseSize(text: string, unit: 1000 | 1024): number {
  const match = /^(\d+(?:\.\d+)?) ?(?:([kmgtp])(i?b)?|b)?$/i.exec(text);
  if (!match) return refuse(`invalid size: '${text.slice(0, 64)}'`);
  const power = match[2] === undefined ? 0 : LETTERS.indexOf(match[2].toLowerCase()) + 1;
  return Math.floor(Number(match[1]) * unit ** power);
}

const UNIT_MS: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Go's time.ParseDuration. Milliseconds. */
export function parseDuration(text: string): number {
  if (/^[-+]?0$/.test(text)) return 0;
  const bare = text.replace(/^[-+]/, "");
  if (!/^((\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))+$/.test(bare)) return refuse(`time: ${/^[-+]?[\d.]+$/.test(text) ? "missing unit in" : "invalid"} duration ${shown(text)}`);
  let sum = 0;
  for (const [, number = "0", unit = "s"] of bare.matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)/g)) sum += Number(number) * (UNIT_MS[unit] ?? 0);
  return text.startsWith("-") ? -sum : sum;
}

/** `unknown log opt 'x' for y log driver`, in the words that Docker has for most of them. */
export function refuseUnknown(options: LogOptions, known: ReadonlySet<string>, words: (option: string) => string): void {
  for (const option of Object.keys(options)) if (!known.has(option) && !COMMON_OPTIONS.has(option)) refuse(words(option.slice(0, 64)));
}

/** Of every driver. */
export const COMMON_OPTIONS: ReadonlySet<string> = new Set(["mode", "max-buffer-size", "cache-disabled", "cache-max-size", "cache-max-file", "cache-compress"]);
