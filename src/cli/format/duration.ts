import "./core.ts";
const HOUR = 3600;

/** `3 minutes`, `About an hour`, `2 weeks`: how docker says a length of time. */
export function humanDuration(seconds: number): string {
  const whole = Math.trunc(seconds);
  if (whole < 1) return "Less than a second";
  if (whole === 1) return "1 second";
  if (whole < 60) return `${whole} seconds`;
  const minutes = Math.trunc(seconds / 60);
  if (minutes === 1) return "About a minute";
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.trunc(seconds / HOUR + 0.5);
  if (hours === 1) return "About an hour";
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 7 * 2) return `${Math.trunc(hours / 24)} days`;
  if (hours < 24 * 30 * 2) return `${Math.trunc(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.trunc(hours / 24 / 30)} months`;
  return `${Math.trunc(seconds / HOUR / 24 / 365)} years`;
}

/** How long ago, from seconds since 1970. */
export const ago = (createdSeconds: number): string => `${humanDuration(Date.now() / 1000 - createdSeconds)} ago`;

/** `2026-11-21 12:32:01 +0000 UTC`, as Go prints a time in the local zone. */
export function goTime(milliseconds: number): string {
  const date = new Date(milliseconds);
  const offset = -date.getTimezoneOffset();
  const local = new Date(milliseconds + offset * 60_000).toISOString();
  return `${local.slice(0, 10)} ${local.slice(11, 19)} ${zoneOffset(offset)} ${zoneName(date)}`;
}

/** Local time as RFC 3339, for `history --human=false` and `--format {{.CreatedAt}}`. */
export function rfc3339(milliseconds: number): string {
  const offset = -new Date(milliseconds).getTimezoneOffset();
  const local = new Date(milliseconds + offset * 60_000).toISOString().slice(0, 19);
  return local + (offset === 0 ? "Z" : zoneOffset(offset).replace(/(\d\d)$/, ":$1"));
}

function zoneOffset(minutes: number): string {
  const size = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${String(Math.trunc(size / 60)).padStart(2, "0")}${String(size % 60).padStart(2, "0")}`;
}

function zoneName(date: Date): string {
  const name = new Intl.DateTimeFormat("en-US", { timeZoneName: "short" }).formatToParts(date).find((part) => part.type === "timeZoneName")?.value ?? "UTC";
  return name.startsWith("GMT") && name.length > 3 ? zoneOffset(-date.getTimezoneOffset()).slice(0, 3) : name;
}
