import { readdirSync, readFileSync } from "node:fs";
import { runsOurProgram } from "./service.ts";

/** The processes that run our program and whose command line ends with these words. Reads every process's: for rare moments. */
export function ownProcessesWith(words: readonly string[]): number[] {
  const ending = `\0${words.join("\0")}\0`;
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && commandLine(pid).endsWith(ending) && runsOurProgram(pid));
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    // It has ended meanwhile, ignoring.
    return "";
  }
}
