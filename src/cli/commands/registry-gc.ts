import type { Invocation } from "../command.ts";
import { collectSettings } from "../options/registry.ts";
import { out } from "../output.ts";
import { loadRegistry } from "../registry-program.ts";

export async function run({ flags }: Invocation): Promise<number> {
  const settings = collectSettings(flags);
  const { collectRegistry } = await loadRegistry();
  const { blobs, links, manifests, uploads, freedBytes } = await collectRegistry(settings);
  out(`Removed ${manifests} manifests, ${links} blobs of repositories, ${blobs} blobs of the storage, ${uploads} uploads\nTotal reclaimed space: ${freedBytes} bytes\n`);
  return 0;
}
