import { EngineError, messageOf } from "../base/mod.ts";
import type { EngineContext } from "./context.ts";
import { emitContainerEvent } from "./emit.ts";
import { endedWithin, killAndWait, liveRun, signalAndTell } from "./kill-run.ts";
import type { LiveRun } from "./live.ts";
import type { StopOptions } from "./options.ts";
import type { ContainerRecord } from "./record.ts";
import { parseSignal } from "./signals.ts";
import { thawHeld } from "./pause.ts";
import { isRunning } from "./state.ts";

const DEFAULT_STOP_TIMEOUT_SECONDS = 10;

/** The stop signal, then after the grace period SIGKILL. @throws EngineError NotFound, InvalidParameter (signal) */
export async function stopContainer(ctx: EngineContext, ref: string, options: StopOptions = {}): Promise<"stopped" | "alreadyStopped"> {
  const { id } = ctx.containers.resolve(ref);
  const signal = options.signal ? stopSignal(options.signal, ref) : undefined;
  // A stop with less patience need not wait for one with more.
  using _hold = ctx.live.get(id)?.stopping ? undefined : await ctx.locks.acquire(id);
  const record = ctx.containers.resolve(id);
  if (record.state.status === "restarting") {
    ctx.live.forget(id);
    ctx.containers.setState(id, { ...record.state.last, byUser: true });
    emitContainerEvent(ctx, record, "stop");
    return "stopped";
  }
  if (!isRunning(record.state)) return "alreadyStopped";
  await stopHeld(ctx, record, { signal, timeoutSeconds: options.timeoutSeconds });
  return "stopped";
}

function stopSignal(text: string, ref: string): number {
  try {
    return parseSignal(text);
  } catch (error) {
    throw new EngineError("InvalidParameter", `cannot stop container: ${ref}: ${messageOf(error)}`);
  }
}

interface Ending {
  readonly signal?: number | undefined;
  readonly timeoutSeconds?: number | undefined;
}

/** Stops a running container; returns when its run is let go of. Its lock is held, by whoever stops it. */
export async function stopHeld(ctx: EngineContext, record: ContainerRecord, ending: Ending): Promise<void> {
  const run = liveRun(ctx, record.id);
  if (!run) return;
  run.stopAsked = true;
  await endRun(ctx, record, run, ending);
  emitContainerEvent(ctx, record, "stop");
}

/** Ends a run that its restart policy is to begin anew; the container's lock is held. */
export async function endForRestart(ctx: EngineContext, record: ContainerRecord, run: LiveRun): Promise<void> {
  run.unhealthy = true;
  await endRun(ctx, record, run, {});
}

async function endRun(ctx: EngineContext, record: ContainerRecord, run: LiveRun, { signal, timeoutSeconds }: Ending): Promise<void> {
  const chosen = signal ?? parseSignal(record.config.StopSignal || "SIGTERM");
  const seconds = timeoutSeconds ?? record.config.StopTimeout ?? DEFAULT_STOP_TIMEOUT_SECONDS;
  run.stopping = true;
  await signalAndTell(ctx, record, run, chosen);
  // A frozen process takes no signal.
  await thawHeld(ctx, record.id);
  if (await endedWithin(run, seconds < 0 ? Infinity : seconds * 1000)) return;
  emitContainerEvent(ctx, record, "kill", { signal: "9" });
  await killAndWait(ctx, record.id, run.stopAsked);
}
