import { Failure } from "../failure.ts";
import { parseDuration } from "../values.ts";

/** @throws Failure for what is no time */
export function eventTime(text: string | undefined): string | undefined {
  const time = goTimestamp(text);
  if (time !== undefined && !/^\d+(\.\d+)?$/.test(time)) throw new Failure(`failed to parse value as time or duration: ${JSON.stringify(text)}`);
  return time;
}

/** The same, of a log. */
export function logTime(name: "since" | "until", text: string | undefined): string | undefined {
  try {
    return eventTime(text);
  } catch (error) {
    throw error instanceof Failure ? new Failure(`invalid value for "${name}": ${error.message}`) : error;
  }
}

/**
 * `--since` and `--until`: seconds since 1970 for a time or for a length of time before now; what is neither goes to
 * the engine as it is, which says what is wrong with it.
 */
export function goTimestamp(text: string | undefined): string | undefined {
  if (text === undefined || text === "") return undefined;
  const before = tryDuration(text);
  if (before !== undefined) return seconds(Date.now() * 1e6 - before);
  if (/^\d+(\.\d+)?$/.test(text)) return text;
  const match = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2})(?::(\d{2})(?::(\d{2})(\.\d+)?)?)?)?(Z|[+-]\d{2}:?\d{2})?$/.exec(text);
  if (!match) return text;
  const [, day = "", hour = "00", minute = "00", second = "00", fraction = "", zone = ""] = match;
  const milliseconds = new Date(`${day}T${hour}:${minute}:${second}${zone}`).getTime();
  if (Number.isNaN(milliseconds)) return text;
  return `${Math.trunc(milliseconds / 1000)}.${fraction.slice(1).padEnd(9, "0").slice(0, 9)}`;
}

function tryDuration(text: string): number | undefined {
  // A time, as Docker reads it.
  if (text === "0") return undefined;
  try {
    return parseDuration(text);
  } catch {
    return undefined;
  }
}

function seconds(nanoseconds: number): string {
  const whole = Math.floor(nanoseconds / 1e9);
  return `${whole}.${String(Math.trunc(nanoseconds - whole * 1e9)).padStart(9, "0")}`;
}
