import { randomBytes } from "node:crypto";
import type { EngineContext } from "../context.ts";
import { emitExecEvent } from "../emit.ts";
import { launchExec, type StartedExec } from "../exec-launch.ts";
import type { ExecRecord } from "../exec-table.ts";
import { FrameFilter } from "../frame-filter.ts";
import type { ContainerRecord } from "../record.ts";
import { SIGKILL } from "../signals.ts";
import { StartRefused } from "../start-refused.ts";
import { goDuration } from "../time-text.ts";
import { BoundedOutput } from "./bounded-output.ts";
import type { Finding } from "./run-probe.ts";

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
  } catch (error) {
    // A test that cannot be run is a failed test, with the code a shell would give it.
    if (error instanceof StartRefused) return { exitCode: -1, output: error.message };
    throw error;
  } finally {
    ctx.execs.delete(exec.id);
  }
}

async function start(ctx: EngineContext, record: ContainerRecord, exec: ExecRecord, signal: AbortSignal): Promise<StartedExec> {
  using _turn = await ctx.health.turn();
  signal.throwIfAborted();
  emitExecEvent(ctx, record, exec, "exec_create");
  emitExecEvent(ctx, record, exec, "exec_start");
  return await launchExec(ctx, record, exec, {}, true);
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
