import { EngineError } from "../base/mod.ts";

/** The API version this engine speaks, and the oldest it still answers. */
export const API_VERSION = "1.51";
export const MIN_API_VERSION = "1.24";

/** True when dotted version `a` comes before `b`; a missing part counts as zero, as Docker compares. */
export function isOlder(a: string, b: string): boolean {
  const left = a.split(".");
  const right = b.split(".");
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = Number(left[i] ?? 0) - Number(right[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

/** Splits `/v1.43/containers/json` into version and path; without the prefix the newest version is meant. */
export function splitVersion(path: string): { version: string; path: string } {
  const match = /^\/v([0-9][0-9.]*)(\/.*)$/.exec(path);
  return match ? { version: match[1] ?? API_VERSION, path: match[2] ?? "/" } : { version: API_VERSION, path };
}

/** @throws EngineError InvalidParameter for a version outside of the range, in Docker's words */
export function checkVersion(version: string): void {
  if (isOlder(API_VERSION, version))
    throw new EngineError("InvalidParameter", `client version ${version} is too new. Maximum supported API version is ${API_VERSION}`);
  if (isOlder(version, MIN_API_VERSION))
    throw new EngineError("InvalidParameter", `client version ${version} is too old. Minimum supported API version is ${MIN_API_VERSION}, please upgrade your client to a newer version`);
}
