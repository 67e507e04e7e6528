import { messageOf } from "../base/mod.ts";
import type { EngineContext } from "./context.ts";
import { removeContainer } from "./remove.ts";

/** For uninstalling: every container is killed and removed. Returns a sentence for each that could not be. */
export async function stopEverything(ctx: EngineContext): Promise<string[]> {
  const results = await Promise.allSettled(ctx.containers.all().map(({ id }) => removeContainer(ctx, id, { force: true, removeVolumes: true })));
  ctx.eventLog.flush();
  return results.flatMap((result) => (result.status === "rejected" ? [messageOf(result.reason)] : []));
}
