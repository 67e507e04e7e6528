import type { EngineContext } from "./context.ts";
import { emitContainerEvent } from "./emit.ts";

/** A tar of the container's own files, without what is mounted in it. */
export async function exportContainer(ctx: EngineContext, ref: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  const record = ctx.containers.resolve(ref);
  const bytes = await ctx.trees.packAll({ kind: "mounted", root: ctx.snapshots.view(record.id), binds: [] }, signal);
  emitContainerEvent(ctx, record, "export");
  return bytes;
}
