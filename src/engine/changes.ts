import { MADE_BY_ENGINE } from "./container-tree.ts";
import type { EngineContext } from "./context.ts";

/** What the container has changed of its image's files, as JSON text: a list of {"Path", "Kind"}, null for none. */
export async function containerChanges(ctx: EngineContext, ref: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  const { id } = ctx.containers.resolve(ref);
  return await ctx.trees.changes(ctx.snapshots.upper(id), ctx.snapshots.below(id), MADE_BY_ENGINE, signal);
}
