import type { Invocation } from "../command.ts";
import { loadEngine } from "../engine-program.ts";
import { Failure } from "../failure.ts";
import { engineOptions } from "../options/engine.ts";
import { err, out } from "../output.ts";
import { confirm } from "./simple.ts";

export async function run({ flags }: Invocation): Promise<number> {
  if (process.getuid?.() !== 0) throw new Failure("hako: uninstalling needs root: run it again with sudo");
  const options = engineOptions(flags);
  if (!flags.bool("force")) await confirm(`This will stop all containers and the engine, and remove every image, container and volume in ${options.configuration.values["data-root"] ?? "/var/lib/hako"}.`, 1);
  const left = await (await loadEngine()).uninstall(options);
  for (const sentence of left) err(`${sentence}\n`);
  if (left.length > 0) return 1;
  out("Nothing of hako is left but the program itself.\n");
  return 0;
}
