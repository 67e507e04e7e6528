/** Times as ps(1) prints them, in the host's zone. */
const DAY_SECONDS = 86_400;
const two = (value: number): string => String(Math.floor(value)).padStart(2, "0");
const dateOf = (ns: bigint): Date => new Date(Number(ns / 1_000_000n));
const month = (date: Date): string => date.toLocaleString("en", { month: "short" });
const clock = (date: Date): string => `${two(date.getHours())}:${two(date.getMinutes())}`;
const isOld = (date: Date): boolean => Date.now() - date.getTime() >= DAY_SECONDS * 1000;

/** `[DD-]HH:MM:SS` */
export function processorTime(seconds: number): string {
  const days = Math.floor(seconds / DAY_SECONDS);
  return `${days > 0 ? `${days}-` : ""}${two((seconds % DAY_SECONDS) / 3600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}`;
}

/** `[[DD-]HH:]MM:SS` */
export function elapsed(seconds: number): string {
  return seconds >= 3600 ? processorTime(seconds) : `${two(seconds / 60)}:${two(seconds % 60)}`;
}

/** `M:SS` */
export const bsdTime = (seconds: number): string => `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;

/** Today's by the minute, this year's by the day, older ones by the year. */
export function dayOrTime(ns: bigint): string {
  const [date, now] = [dateOf(ns), new Date()];
  if (date.toDateString() === now.toDateString()) return clock(date);
  return date.getFullYear() === now.getFullYear() ? `${month(date)}${two(date.getDate())}` : String(date.getFullYear());
}

/** By the minute for a day, then by the day. */
export function startOfDay(ns: bigint): string {
  const date = dateOf(ns);
  return isOld(date) ? `${month(date)} ${String(date.getDate()).padStart(2)}` : clock(date);
}

/** By the second for a day, then by the day. */
export function startTime(ns: bigint): string {
  const date = dateOf(ns);
  return isOld(date) ? `${month(date)} ${two(date.getDate())}` : `${clock(date)}:${two(date.getSeconds())}`;
}

/** `Sat Nov 21 15:32:44 2026` */
export function longDate(ns: bigint): string {
  const date = dateOf(ns);
  return `${date.toLocaleString("en", { weekday: "short" })} ${month(date)} ${String(date.getDate()).padStart(2)} ${clock(date)}:${two(date.getSeconds())} ${date.getFullYear()}`;
}
