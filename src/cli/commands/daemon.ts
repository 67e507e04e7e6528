import { closeSync, writeSync } from "node:fs";
import type { Invocation } from "../command.ts";
import { loadEngine } from "../engine-program.ts";
import { engineOptions } from "../options/engine.ts";

export async function run({ flags }: Invocation): Promise<number> {
  const { runDaemon } = await loadEngine();
  const readyFd = flags.number("ready-fd");
  return runDaemon(engineOptions(flags), () => {
    if (readyFd !== undefined) tellReady(readyFd);
  });
}

function tellReady(fd: number): void {
  try {
    writeSync(fd, "ready\n");
    closeSync(fd);
  } catch {
    // Whoever started us did not wait: nobody is left to be told.
  }
}
