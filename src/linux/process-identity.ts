import { call } from "./call.ts";
import { readSmallText } from "./proc.ts";

const PR_SET_CHILD_SUBREAPER = 36;

/**
 * What tells a process from a later one of the same number: when it started, in clock ticks since boot. Undefined when it has
 * ended, reaped or not (proc_pid_stat(5)).
 */
export function processStart(pid: number): number | undefined {
  const stat = readSmallText(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" || fields[0] === "X" ? undefined : Number(fields[19]);
}

/** Orphans among its descendants become this process's children. */
export function adoptOrphans(): void {
  call("prctl", PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}
