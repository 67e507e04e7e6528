import type { EngineContext } from "./context.ts";
import { closeHealth } from "./health/monitor.ts";

/** Lets go of everything; containers go on under their monitors, and the next start finds them. */
export async function shutdown(ctx: EngineContext): Promise<void> {
  ctx.live.cancelAllRestarts();
  closeHealth(ctx);
  await Promise.all([ctx.logs.stopAll(), ctx.network.settled()]);
  ctx.eventLog.flush();
  for (const run of ctx.live.values()) run.shim.close();
}
