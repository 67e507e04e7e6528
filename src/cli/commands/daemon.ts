import type { Invocation } from "../command.ts";
import { loadEngine } from "../engine-program.ts";
import { engineOptions } from "../options/engine.ts";
import { err } from "../output.ts";
import { tellReady } from "../ready.ts";

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
