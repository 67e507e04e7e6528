import type { EngineContext } from "./context.ts";
import { emitContainerEvent } from "./emit.ts";
import type { PackedTree } from "./ports.ts";

/** A tar of the container's own files, without what is mounted in it. */
export async function exportContainer(ctx: EngineContext, ref: string, signal: AbortSignal): Promise<PackedTree> {
  const record = ctx.containers.resolve(ref);
  const packed = await ctx.trees.packAll({ kind: "mounted", root: ctx.snapshots.view(record.id), binds: [] }, signal);
  emitContainerEvent(ctx, record, "export");
  return packed;
}
