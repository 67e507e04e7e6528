import { EngineError, messageOf } from "../base/mod.ts";
import type { EngineContext } from "./context.ts";
import { endedWithin, liveRun, signalAndTell } from "./kill-run.ts";
import { parseSignal, SIGKILL, SIGTERM } from "./signals.ts";
import { thawHeld } from "./pause.ts";
import { isRunning, type RestartingState } from "./state.ts";

/** How long `kill` waits for a SIGKILL to have its effect, so that what follows it finds the container ended. */
const KILL_EFFECT_MS = 10_000;

/** Sends a signal; of SIGKILL the effect is waited for. @throws EngineError NotFound, Conflict, InvalidParameter */
export async function killContainer(ctx: EngineContext, ref: string, signal = "SIGKILL"): Promise<void> {
  const { id } = ctx.containers.resolve(ref);
  const number = wanted(signal || "SIGKILL", ref);
  // A grace period ends at once by a kill; it must not be waited for.
  using _hold = ctx.live.get(id)?.stopping ? undefined : await ctx.locks.acquire(id);
  const record = ctx.containers.resolve(id);
  if (record.state.status === "restarting") return endRestarting(ctx, id, record.state);
  const run = liveRun(ctx, id);
  if (!isRunning(record.state) || !run) throw new EngineError("Conflict", `cannot kill container: ${ref}: container ${id} is not running`);
  const ends = number === SIGKILL || number === stopSignalOf(record.config.StopSignal);
  run.stopAsked ||= ends;
  await signalAndTell(ctx, record, run, number);
  // A frozen process takes no signal. Docker thaws for any, unless the container names one that stops it.
  if (ends || !record.config.StopSignal) await thawHeld(ctx, id);
  if (number !== SIGKILL) return;
  await endedWithin(run, KILL_EFFECT_MS);
}

/** Nothing runs that could take a signal: it is not started again. */
function endRestarting(ctx: EngineContext, id: string, state: RestartingState): void {
  ctx.live.forget(id);
  ctx.containers.setState(id, { ...state.last, byUser: true });
}

function wanted(signal: string, ref: string): number {
  try {
    return parseSignal(signal);
  } catch (error) {
    throw new EngineError("InvalidParameter", `cannot kill container: ${ref}: ${messageOf(error)}`);
  }
}

function stopSignalOf(text: string | null | undefined): number {
  return text ? parseSignal(text) : SIGTERM;
}
