/** Nanoseconds since the epoch; Docker's instants carry nanoseconds. */
export type InstantNs = bigint & { readonly __instantNs: never };

const anchorNs = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint();
let lastNs = 0n;

/** The current instant, strictly increasing within this process so that events sort by time. */
export function nowNs(): InstantNs {
  const drift = BigInt(Date.now()) * 1_000_000n - (anchorNs + process.hrtime.bigint());
  let now = anchorNs + process.hrtime.bigint();
  if (drift > 50_000_000n || drift < -50_000_000n) now += drift;
  if (now <= lastNs) now = lastNs + 1n;
  lastNs = now;
  return now as InstantNs;
}

/** RFC 3339 with nanoseconds in UTC and trailing zeros cut, as Docker prints instants. */
export function formatInstant(ns: InstantNs | bigint): string {
  const seconds = ns / 1_000_000_000n;
  const fraction = (ns % 1_000_000_000n).toString().padStart(9, "0").replace(/0+$/, "");
  const text = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  return fraction === "" ? `${text}Z` : `${text}.${fraction}Z`;
}

/** The zero instant of Docker's API ("never"). */
export const ZERO_INSTANT = "0001-01-01T00:00:00Z";
