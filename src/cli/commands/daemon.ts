import { closeSync, writeSync } from "node:fs";
import type { Invocation } from "../command.ts";
import { loadEngine } from "../engine-program.ts";
import { engineOptions } from "../options/engine.ts";
import { err } from "../output.ts";

export async function run({ flags }: Invocation): Promise<number> {
  const options = engineOptions(flags);
  const { runDaemon, validate } = await loadEngine();
  if (flags.bool("validate")) return checkOnly(() => validate(options));
  const readyFd = flags.number("ready-fd");
  return runDaemon(options, () => {
    if (readyFd !== undefined) tellReady(readyFd);
  });
}

function checkOnly(validate: () => void): number {
  try {
    validate();
  } catch (error) {
    err(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
  err("configuration OK\n");
  return 0;
}

function tellReady(fd: number): void {
  try {
    writeSync(fd, "ready\n");
    closeSync(fd);
  } catch {
    // Whoever started us did not wait: nobody is left to be told.
  }
}
