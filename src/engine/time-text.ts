import { EngineError } from "../base/mod.ts";

const SECOND = 1_000_000_000n;
const UNITS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, "µs": 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

/** How long ago, in Docker's words: `Less than a second`, `About an hour`, `3 weeks`. */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  if (seconds < 1) return "Less than a second";
  if (seconds === 1) return "1 second";
  if (seconds < 60) return `${seconds} seconds`;
  const minutes = Math.floor(seconds / 60);
  if (minutes === 1) return "About a minute";
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.floor(seconds / 3600 + 0.5);
  if (hours === 1) return "About an hour";
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 7 * 2) return `${Math.floor(hours / 24)} days`;
  if (hours < 24 * 30 * 2) return `${Math.floor(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.floor(hours / 24 / 30)} months`;
  return `${Math.floor(seconds / 3600 / 24 / 365)} years`;
}

/** As Go prints a duration: `500ms`, `1.5s`, `1m30s`, `2h0m0s`. */
export function goDuration(milliseconds: number): string {
  if (milliseconds === 0) return "0s";
  if (milliseconds < 0.001) return `${Math.round(milliseconds * 1e6)}ns`;
  if (milliseconds < 1) return `${Number((milliseconds * 1000).toFixed(3))}µs`;
  if (milliseconds < 1000) return `${Number(milliseconds.toFixed(6))}ms`;
  const hours = Math.floor(milliseconds / 3_600_000);
  const minutes = Math.floor(milliseconds / 60_000) % 60;
  const seconds = Number(((milliseconds % 60_000) / 1000).toFixed(9));
  return `${hours > 0 ? `${hours}h` : ""}${hours > 0 || minutes > 0 ? `${minutes}m` : ""}${seconds}s`;
}

/** A Go duration (`1h30m`, `-5s`) in nanoseconds; undefined when it is none. */
export function parseGoDuration(text: string): bigint | undefined {
  const match = /^([-+]?)((?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|ms|s|m|h))+$/.exec(text);
  if (!match) return text === "0" ? 0n : undefined;
  let total = 0;
  for (const [, value, unit] of text.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/g)) total += Number(value) * (UNITS[unit ?? ""] ?? 0);
  return BigInt(Math.round(match[1] === "-" ? -total : total));
}

/**
 * A point in time as clients write it: Unix seconds with an optional fraction, RFC 3339 (a part of it is enough), or a Go
 * duration back from `now`. @throws EngineError InvalidParameter
 */
export function parsePointInTime(text: string, now: bigint): bigint {
  const unix = /^(-?\d{1,12})(?:\.(\d{1,9})\d*)?$/.exec(text);
  if (unix) return BigInt(unix[1] ?? 0) * SECOND + BigInt((unix[2] ?? "").padEnd(9, "0"));
  const duration = parseGoDuration(text);
  if (duration !== undefined) return now - duration;
  const instant = parseRfc3339(text);
  if (instant === undefined) throw new EngineError("InvalidParameter", `failed to parse value as time or duration: ${JSON.stringify(text.slice(0, 64))}`);
  return instant;
}

/** Nanoseconds since the epoch; the time of day and the zone may be missing. */
export function parseRfc3339(text: string): bigint | undefined {
  const match = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(:\d{2})?(?:\.(\d{1,9})\d*)?)?(Z|[+-]\d{2}:?\d{2})?$/.exec(text);
  if (!match) return undefined;
  const [, date, time = "00:00", seconds = ":00", fraction = "", zone = "Z"] = match;
  const milliseconds = Date.parse(`${date}T${time}${seconds}${zone}`);
  return Number.isNaN(milliseconds) ? undefined : BigInt(milliseconds) * 1_000_000n + BigInt(fraction.padEnd(9, "0"));
}
