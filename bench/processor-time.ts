import { readFileSync } from "node:fs";

const TICKS_PER_SECOND = 100;

/** Seconds of one core: a process's own, and of the children that it has reaped with all of theirs. */
export function processorTime(pid: number): { readonly own: number; readonly children: number } {
  // proc_pid_stat(5): utime, stime, cutime, cstime.
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ").map(Number);
  const seconds = (first: number): number => ((fields[first] ?? 0) + (fields[first + 1] ?? 0)) / TICKS_PER_SECOND;
  return { own: seconds(11), children: seconds(13) };
}
