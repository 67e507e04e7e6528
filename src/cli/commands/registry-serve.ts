import type { Invocation } from "../command.ts";
import { registrySettings } from "../options/registry.ts";
import { tellReady } from "../ready.ts";
import { loadRegistry } from "../registry-program.ts";

export async function run({ flags }: Invocation): Promise<number> {
  const settings = registrySettings(flags);
  const { serveRegistry } = await loadRegistry();
  const readyFd = flags.number("ready-fd");
  return await serveRegistry(settings, () => {
    if (readyFd !== undefined) tellReady(readyFd);
  });
}
