import { readFileSync } from "node:fs";

let known: string | undefined;

/** Differs after each start of the machine: what was written before and never synced may be lost then. */
export function bootID(): string {
  known ??= readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  return known;
}
