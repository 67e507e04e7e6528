import { randomBytes } from "node:crypto";
import type { EngineContext } from "../context.ts";
import { emitExecEvent } from "../emit.ts";
import { launchExec, type StartedExec } from "../exec-launch.ts";
import type { ExecRecord } from "../exec-table.ts";
import { FrameFilter } from "../frame-filter.ts";
import type { ContainerRecord } from "../record.ts";
import { SIGKILL } from "../signals.ts";
import { goDuration } from "../time-text.ts";
import { BoundedOutput } from "./bounded-output.ts";
import type { Finding } from "./run-probe.ts";

const START_PATIENCE_MS = 30_000;

/** Runs the test in the container, as an exec that is nobody's: its output is cut, its end is forgotten. */
export async function execProbe(ctx: EngineContext, record: ContainerRecord, argv: readonly string[], timeoutMs: number, signal: AbortSignal): Promise<Finding> {
  const exec: ExecRecord = {
    id: randomBytes(32).toString("hex"), containerId: record.id, detachKeys: new Uint8Array(), state: { status: "created" }, ofEngine: true,
    request: { Cmd: [...argv], AttachStdout: true, AttachStderr: true },
  };
  ctx.execs.add(exec);
  try {
    const started = await start(ctx, record, exec, signal);
    return await follow(started, timeoutMs, signal);
  } finally {
    ctx.execs.delete(exec.id);
  }
}

async function start(ctx: EngineContext, record: ContainerRecord, exec: ExecRecord, signal: AbortSignal): Promise<StartedExec> {
  using _turn = await ctx.health.turn();
  signal.throwIfAborted();
  emitExecEvent(ctx, record, exec, "exec_create");
  emitExecEvent(ctx, record, exec, "exec_start");
  const launching = launchExec(ctx, record, exec, {}, true);
  try {
    return await withinPatience(launching, record, signal);
  } catch (error) {
    // It may come to run yet, in a container that was frozen meanwhile; what it says then is nobody's.
    void launching.then(({ shim }) => shim.kill(SIGKILL)).catch(() => undefined);
    throw error;
  }
}

/** As Docker's: a start is not the test's own time, but must not take for ever. */
async function withinPatience<T>(launching: Promise<T>, { id }: ContainerRecord, signal: AbortSignal): Promise<T> {
  const { promise: over, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`timed out starting health check for container ${id}`)), START_PATIENCE_MS);
  const abort = (): void => reject(new Error("the container is not watched any more"));
  signal.addEventListener("abort", abort);
  try {
    return await Promise.race([launching, over]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}

async function follow({ shim, output, ended, exitCode }: StartedExec, timeoutMs: number, signal: AbortSignal): Promise<Finding> {
  const kept = new BoundedOutput();
  const collected = collect(output, kept);
  let timedOut = false;
  const kill = (): void => void shim.kill(SIGKILL).catch(() => undefined);
  const timer = setTimeout(() => {
    timedOut = true;
    kill();
  }, Math.min(timeoutMs, 2 ** 31 - 1));
  signal.addEventListener("abort", kill);
  if (signal.aborted) kill();
  await ended;
  clearTimeout(timer);
  signal.removeEventListener("abort", kill);
  await collected;
  const text = kept.text;
  if (timedOut) return { exitCode: -1, output: `Health check exceeded timeout (${goDuration(timeoutMs)})${text === "" ? "" : `: ${text}`}` };
  return { exitCode: exitCode(), output: text };
}

async function collect(output: AsyncIterable<Uint8Array> | undefined, kept: BoundedOutput): Promise<void> {
  const payloads = new FrameFilter(() => true, "payload");
  for await (const bytes of output ?? []) for (const piece of payloads.push(bytes)) kept.push(piece);
}
