import { EngineError } from "../base/mod.ts";
import type { EngineContext } from "./context.ts";
import { emitContainerEvent } from "./emit.ts";
import { suspendHealth, unsuspendHealth } from "./health/monitor.ts";
import { isRunning } from "./state.ts";

/** @throws EngineError NotFound, Conflict when it does not run or is paused */
export async function pauseContainer(ctx: EngineContext, ref: string): Promise<void> {
  const { id } = ctx.containers.resolve(ref);
  using _hold = await ctx.locks.acquire(id);
  const record = ctx.containers.resolve(id);
  if (record.state.status === "restarting") throw new EngineError("Conflict", `Container ${id} is restarting, wait until the container is running`);
  if (!isRunning(record.state)) throw new EngineError("Conflict", `container ${id} is not running`);
  if (record.state.paused) throw new EngineError("Conflict", `Container ${id} is already paused`);
  await ctx.live.get(id)?.cgroup?.freeze();
  setPaused(ctx, id, true);
  suspendHealth(ctx, id);
  emitContainerEvent(ctx, record, "pause");
}

/** @throws EngineError NotFound, Conflict when it is not paused */
export async function unpauseContainer(ctx: EngineContext, ref: string): Promise<void> {
  const { id } = ctx.containers.resolve(ref);
  using _hold = await ctx.locks.acquire(id);
  const record = ctx.containers.resolve(id);
  if (!isRunning(record.state) || !record.state.paused) throw new EngineError("Conflict", `Container ${id} is not paused`);
  await thawHeld(ctx, id);
}

/** For those who hold its lock, or end it; of a container that is not paused, nothing. */
export async function thawHeld(ctx: EngineContext, id: string): Promise<void> {
  const record = ctx.containers.get(id);
  if (!record || !isRunning(record.state) || !record.state.paused) return;
  await ctx.live.get(id)?.cgroup?.thaw();
  setPaused(ctx, id, false);
  unsuspendHealth(ctx, id);
  emitContainerEvent(ctx, record, "unpause");
}

/** It may have ended while the kernel froze it. */
function setPaused(ctx: EngineContext, id: string, paused: boolean): void {
  const state = ctx.containers.get(id)?.state;
  if (state && isRunning(state)) ctx.containers.setState(id, { ...state, paused });
}
