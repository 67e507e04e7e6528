import { readFileSync } from "node:fs";

/** A file of procfs, sysfs or cgroupfs; undefined when it is not there (any more). */
export function readSmallText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
