import { EngineError } from "../base/mod.ts";
import type { EngineContext } from "./context.ts";
import { emitContainerEvent } from "./emit.ts";
import type { LiveRun } from "./live.ts";
import { thawHeld } from "./pause.ts";
import type { ContainerRecord } from "./record.ts";
import { isRunning } from "./state.ts";
import { SIGKILL } from "./signals.ts";

/** A killed process that the kernel does not let die (stuck in a driver) is not waited for longer than this. */
const KILL_PATIENCE_MS = 10_000;

/** Resolves true when the run has ended and is let go of, false after `timeoutMs`. */
export async function endedWithin(run: LiveRun, timeoutMs: number): Promise<boolean> {
  if (!Number.isFinite(timeoutMs)) return run.released.then(() => true);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), timeoutMs);
  });
  const ended = await Promise.race([run.released.then(() => true), timeout]);
  clearTimeout(timer);
  return ended;
}

/** A signal for a process that may just have ended: then there is nothing to do. */
export async function signalRun(run: LiveRun, signal: number): Promise<void> {
  await run.shim.kill(signal).catch((error: unknown) => {
    if (!hasEnded(error)) throw error;
  });
}

/** The same, told in an event; an exit that follows from it is told after it. */
export async function signalAndTell(ctx: EngineContext, record: ContainerRecord, run: LiveRun, signal: number): Promise<void> {
  const signalled = signalRun(run, signal).then(() => emitContainerEvent(ctx, record, "kill", { signal: String(signal) }));
  run.signalled = signalled.catch(() => undefined);
  await signalled;
}

/** Of an error of a run's monitor: the process is not there any more. */
export function hasEnded(error: unknown): boolean {
  return error instanceof Error && "errno" in error && error.errno === 3;
}

/** The run of a container, if it runs. @throws EngineError System when it does, out of reach */
export function liveRun(ctx: EngineContext, id: string): LiveRun | undefined {
  const run = ctx.live.get(id);
  const record = ctx.containers.get(id);
  if (!run && record && isRunning(record.state)) throw new EngineError("System", `container ${id} is out of reach: its monitor process, hako-shim, does not answer`);
  return run;
}

/** SIGKILL, and back when the run is let go of. Asked for by a person, its restart policy does not apply. @throws EngineError System when it does not die */
export async function killAndWait(ctx: EngineContext, id: string, byPerson = true): Promise<void> {
  const run = liveRun(ctx, id);
  if (!run) return;
  run.stopAsked ||= byPerson;
  await signalRun(run, SIGKILL);
  // Version 1's frozen processes take no signal until they thaw.
  await thawHeld(ctx, id);
  if (await endedWithin(run, KILL_PATIENCE_MS)) return;
  run.cgroup?.killAll();
  if (!(await endedWithin(run, KILL_PATIENCE_MS))) throw new EngineError("System", `container ${id} did not end within ${(2 * KILL_PATIENCE_MS) / 1000} seconds of SIGKILL: a process is stuck in the kernel`);
}
