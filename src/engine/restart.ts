import type { EngineContext } from "./context.ts";
import { emitContainerEvent } from "./emit.ts";
import type { StopOptions } from "./options.ts";
import { parseSignal } from "./signals.ts";
import { startHeld } from "./start.ts";
import { isRunning } from "./state.ts";
import { stopHeld } from "./stop.ts";

/** Stops it if it runs, starts it in any case. An --rm container survives this stop. */
export async function restartContainer(ctx: EngineContext, ref: string, options: StopOptions = {}): Promise<void> {
  const { id } = ctx.containers.resolve(ref);
  const signal = options.signal ? parseSignal(options.signal) : undefined;
  using _hold = await ctx.locks.acquire(id);
  const before = ctx.containers.resolve(id);
  ctx.live.forget(id);
  if (isRunning(before.state)) await stopHeld(ctx, before, { signal, timeoutSeconds: options.timeoutSeconds });
  await startHeld(ctx, ctx.containers.resolve(id), "person");
  emitContainerEvent(ctx, ctx.containers.resolve(id), "restart");
}
