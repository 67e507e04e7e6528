import { setConfigMember } from "../config-writer.ts";
import { contextExists, readContext } from "../contexts/store.ts";
import type { Invocation } from "../command.ts";
import { DEFAULT_CONTEXT, hostOfEnvironment } from "../engine-choice.ts";
import { err, out } from "../output.ts";

export async function run({ args, config }: Invocation): Promise<number> {
  const [name = ""] = args;
  if (name !== DEFAULT_CONTEXT && !contextExists(config.folder, name)) readContext(config.folder, name);
  setConfigMember(config.folder, "currentContext", name === DEFAULT_CONTEXT ? undefined : name);
  out(`${name}\n`);
  err(`Current context is now ${JSON.stringify(name)}\n`);
  if (name !== DEFAULT_CONTEXT && hostOfEnvironment()) {
    err(`Warning: ${hostVariable()} environment variable overrides the active context. To use ${JSON.stringify(name)}, either set the global --context flag, or unset ${hostVariable()} environment variable.\n`);
  }
  return 0;
}

export const hostVariable = (): string => (process.env["HAKO_HOST"] ? "HAKO_HOST" : "DOCKER_HOST");
