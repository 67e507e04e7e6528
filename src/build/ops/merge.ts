import type { JobContext } from "../solver/job.ts";
import type { LayerRef } from "../solver/types.ts";
import { chainOf, keepLayer, type Keeping, type Remembered } from "./new-layer.ts";
import type { Workers } from "./workers.ts";

/** One stack's layers on top of another's. A layer belongs to one stack only: each has a twin here, which shares its files. */
export async function mergeLayers(deps: Keeping & { readonly workers: Workers }, below: readonly LayerRef[], own: readonly LayerRef[], remembered: Remembered, { signal }: JobContext): Promise<readonly LayerRef[]> {
  let stack = below;
  for (const [index, layer] of own.entries()) {
    const known = deps.layers.byChainID(chainOf(stack.at(-1)?.chainID, layer.diffID));
    const keys = index === own.length - 1 ? remembered.keys : [];
    if (known && keys.length === 0) {
      stack = [...stack, known];
      continue;
    }
    using made = deps.layers.create();
    const { shared } = known ? { shared: false } : await deps.workers.run({ kind: "twin", from: deps.layers.folder(layer.n), to: made.folder }, signal);
    stack = keepLayer(deps, stack, made, { diffID: layer.diffID, bytes: layer.size, archiveBytes: deps.records.factsOf(layer.n)?.archiveBytes }, { ...remembered, keys });
    if (shared) for (const n of [layer.n, stack.at(-1)?.n ?? layer.n]) deps.records.markSharing(n);
  }
  return stack;
}
