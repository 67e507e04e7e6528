import { messageOf } from "../../base/mod.ts";
import type { EngineContext } from "../context.ts";
import type { ContainerRecord } from "../record.ts";
import { isRunning } from "../state.ts";
import { endForRestart } from "../stop.ts";

/** The policy `on-unhealthy`: the run is ended as `stop` would, and its end restarts it. */
export function restartUnhealthy(ctx: EngineContext, record: ContainerRecord): void {
  const { Name: name, MaximumRetryCount: most = 0 } = record.hostConfig.RestartPolicy ?? {};
  // Restarted often enough, it stays as it is.
  if (name !== "on-unhealthy" || (most > 0 && record.restartCount >= most)) return;
  void end(ctx, record.id).catch((error: unknown) => ctx.log(`container ${record.id} is unhealthy and could not be ended: ${messageOf(error)}`));
}

async function end(ctx: EngineContext, id: string): Promise<void> {
  const run = ctx.live.get(id);
  using _hold = await ctx.locks.acquire(id);
  const record = ctx.containers.get(id);
  // Another run by now, or a person was quicker.
  if (!run || run !== ctx.live.get(id) || run.stopAsked || run.unhealthy || !record || !isRunning(record.state) || record.state.paused) return;
  await endForRestart(ctx, record, run);
}
