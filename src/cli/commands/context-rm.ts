import { setConfigMember } from "../config-writer.ts";
import { contextExists, removeContext } from "../contexts/store.ts";
import type { Invocation } from "../command.ts";
import { DEFAULT_CONTEXT } from "../engine-choice.ts";
import { Failure } from "../failure.ts";
import { err, out } from "../output.ts";

export async function run({ flags, args, config, context }: Invocation): Promise<number> {
  let failed = false;
  for (const name of args) {
    try {
      remove(name);
      out(`${name}\n`);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      err(`${error.message}\n`);
      failed = true;
    }
  }
  return failed ? 1 : 0;

  function remove(name: string): void {
    const force = flags.bool("force");
    if (name === DEFAULT_CONTEXT) throw new Failure('context "default" cannot be removed');
    const current = name === context;
    if (!contextExists(config.folder, name) && !force && !current) throw new Failure(`context ${JSON.stringify(name)} does not exist`);
    if (current && !force) throw new Failure(`context ${JSON.stringify(name)} is in use, set -f flag to force remove`);
    if (name === config.file.currentContext) setConfigMember(config.folder, "currentContext", undefined);
    removeContext(config.folder, name);
  }
}
