import { formatInstant, messageOf, nowNs } from "../base/mod.ts";
import type { EngineContext } from "./context.ts";
import { emitContainerEvent, emitNetworkEvent } from "./emit.ts";
import type { LiveRun } from "./live.ts";
import { exitFile } from "./paths.ts";
import type { Cgroup, ExitStatus, Shim } from "./ports.ts";
import type { ContainerRecord } from "./record.ts";
import { removeHeld } from "./remove.ts";
import { removeRunDir } from "./run-files.ts";
import { startHeld } from "./start.ts";
import { isRunning, type ExitedState } from "./state.ts";

/** What a container shows whose monitor was killed before it could tell. */
const UNKNOWN_EXIT = 255;

export type AfterExit = "rest" | "remove" | "restart";

/** Watches a run to its end: records the exit at once, then lets go of what the run held, then removes or restarts. */
export function superviseRun(ctx: EngineContext, id: string, shim: Shim, cgroup: Cgroup | undefined): void {
  const { promise: released, resolve } = Promise.withResolvers<void>();
  const run: LiveRun = { shim, cgroup, stopAsked: false, released };
  ctx.live.set(id, run);
  void watch(ctx, id, run, resolve).catch((error: unknown) => ctx.log(`container ${id}: ${messageOf(error)}`));
}

async function watch(ctx: EngineContext, id: string, run: LiveRun, resolveReleased: () => void): Promise<void> {
  const status = await run.shim.exited.catch(() => lostStatus(ctx, id, run));
  const next = recordExit(ctx, id, status, run.stopAsked);
  run.shim.close();
  await releaseRun(ctx, id, run.cgroup);
  ctx.live.delete(id);
  resolveReleased();
  followUp(ctx, id, next, status);
}

/** What the end of a run leads to; not awaited by those who only wait for the end. */
export function followUp(ctx: EngineContext, id: string, next: AfterExit, status: Pick<ExitStatus, "startedNs" | "finishedNs"> = { startedNs: 0n, finishedNs: 0n }): void {
  if (next === "remove") autoRemove(ctx, id).catch((error: unknown) => ctx.log(`container ${id} could not be removed: ${messageOf(error)}`));
  if (next === "restart") scheduleRestart(ctx, id, status);
}

/** The monitor is gone: the exit file has the last word, else nobody knows and nothing may go on unwatched. */
function lostStatus(ctx: EngineContext, id: string, run: LiveRun): ExitStatus {
  const left = ctx.runtime.readExitFile(exitFile(ctx.paths, id));
  if (left) return left;
  run.cgroup?.killAll();
  ctx.log(`container ${id}: its monitor was killed; the container was stopped and its exit code is unknown`);
  return { exitCode: UNKNOWN_EXIT, signal: 0, oomKilled: false, startedNs: 0n, finishedNs: nowNs() };
}

/** One state change, events with it. Tells what is to happen once the run's remains are gone. */
export function recordExit(ctx: EngineContext, id: string, status: ExitStatus, byUser: boolean): AfterExit {
  const record = ctx.containers.get(id);
  if (!record || !isRunning(record.state)) return "rest";
  const exited: ExitedState = { status: "exited", exitCode: status.exitCode, startedAt: record.state.startedAt, finishedAt: formatInstant(status.finishedNs), oomKilled: status.oomKilled, byUser };
  const restart = !byUser && policyRestarts(record, status.exitCode);
  ctx.containers.setState(id, restart ? { status: "restarting", last: exited } : exited, restart ? { restartCount: record.restartCount + 1 } : {});
  if (status.oomKilled) emitContainerEvent(ctx, record, "oom");
  const ran = (Date.parse(exited.finishedAt) - Date.parse(exited.startedAt)) / 1000;
  emitContainerEvent(ctx, record, "die", { execDuration: String(Math.max(0, Math.floor(ran))), exitCode: String(status.exitCode) });
  return restart ? "restart" : record.hostConfig.AutoRemove ? "remove" : "rest";
}

export function policyRestarts({ hostConfig, restartCount }: ContainerRecord, exitCode: number): boolean {
  const { Name: name, MaximumRetryCount: most = 0 } = hostConfig.RestartPolicy ?? {};
  if (name === "always" || name === "unless-stopped") return true;
  return name === "on-failure" && exitCode !== 0 && (most === 0 || restartCount < most);
}

/** Teardown: goes through to the end, and "already gone" is done. */
export async function releaseRun(ctx: EngineContext, id: string, cgroup: Cgroup | undefined): Promise<void> {
  const mode = ctx.containers.get(id)?.hostConfig.NetworkMode ?? "bridge";
  const results = await Promise.allSettled([cgroup?.remove(), (async () => ctx.network.detach(id))(), (async () => removeRunDir(ctx, id))()]);
  for (const result of results) if (result.status === "rejected") ctx.log(`container ${id}: ${messageOf(result.reason)}, ignoring; the next start of the engine sweeps it`);
  if (!mode.startsWith("container:")) emitNetworkEvent(ctx, "disconnect", mode, id);
}

async function autoRemove(ctx: EngineContext, id: string): Promise<void> {
  using _hold = await ctx.locks.acquire(id);
  const record = ctx.containers.get(id);
  if (record?.state.status === "exited") await removeHeld(ctx, id, { removeVolumes: true });
}

export function scheduleRestart(ctx: EngineContext, id: string, status: Pick<ExitStatus, "startedNs" | "finishedNs">): void {
  const ranForMs = Number((status.finishedNs - status.startedNs) / 1_000_000n);
  ctx.live.scheduleRestart(id, ranForMs, () => void restartNow(ctx, id));
}

async function restartNow(ctx: EngineContext, id: string): Promise<void> {
  using _hold = await ctx.locks.acquire(id);
  const record = ctx.containers.get(id);
  if (record?.state.status !== "restarting") return;
  await startHeld(ctx, record).catch((error: unknown) => ctx.log(`container ${id} could not be restarted: ${messageOf(error)}`));
}
