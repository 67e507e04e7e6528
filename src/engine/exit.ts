import { formatInstant, messageOf, nowNs } from "../base/mod.ts";
import type { EngineContext } from "./context.ts";
import { emitContainerEvent, emitEndpointEvent } from "./emit.ts";
import { endHealth } from "./health/monitor.ts";
import type { LiveRun } from "./live.ts";
import { followLog } from "./log-forwarding.ts";
import { exitFile } from "./paths.ts";
import type { Cgroup, ExitStatus, Shim } from "./ports.ts";
import type { ContainerRecord } from "./record.ts";
import { removeRunDir } from "./run-files.ts";
import { isRunning, type ExitedState } from "./state.ts";
import { emitMountEvents } from "./volume-mounts.ts";

/** What a container shows whose monitor was killed before it could tell. */
const UNKNOWN_EXIT = 255;

/** What the end of a run leads to; `ctx.afterExit` does it. */
export type AfterExit = { readonly kind: "rest" } | { readonly kind: "remove" } | { readonly kind: "restart"; readonly ranForMs: number };

/** Why a run ended, as far as the engine had a part in it. */
export type EndReason = "own" | "person" | "unhealthy";

/** Watches a run to its end: records the exit at once, then lets go of what the run held, then removes or restarts. */
export function superviseRun(ctx: EngineContext, id: string, shim: Shim, cgroup: Cgroup | undefined): void {
  const { promise: released, resolve } = Promise.withResolvers<void>();
  const run: LiveRun = { shim, cgroup, stopAsked: false, stopping: false, unhealthy: false, released };
  ctx.live.set(id, run);
  followLog(ctx, id, run);
  void watch(ctx, id, run, resolve).catch((error: unknown) => ctx.log(`container ${id}: ${messageOf(error)}`));
}

async function watch(ctx: EngineContext, id: string, run: LiveRun, resolveReleased: () => void): Promise<void> {
  const status = await run.shim.exited.catch(() => lostStatus(ctx, id, run));
  await run.signalled;
  const next = recordExit(ctx, id, status, run.stopAsked ? "person" : run.unhealthy ? "unhealthy" : "own");
  run.shim.close();
  await releaseRun(ctx, id, run.cgroup);
  ctx.live.delete(id);
  resolveReleased();
  ctx.afterExit(id, next);
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
export function recordExit(ctx: EngineContext, id: string, status: ExitStatus, reason: EndReason): AfterExit {
  const record = ctx.containers.get(id);
  if (!record || !isRunning(record.state)) return { kind: "rest" };
  const health = endHealth(ctx, record);
  const exited: ExitedState = {
    status: "exited", exitCode: status.exitCode, startedAt: record.state.startedAt, finishedAt: formatInstant(status.finishedNs), oomKilled: status.oomKilled, byUser: reason === "person", ...(health && { health }),
  };
  const restart = policyRestarts(record, status.exitCode, reason);
  ctx.containers.setState(id, restart ? { status: "restarting", last: exited } : exited, restart ? { restartCount: record.restartCount + 1 } : {});
  if (status.oomKilled) emitContainerEvent(ctx, record, "oom");
  // Docker tells of the network first; it is let go of at once.
  emitEndpointEvent(ctx, record, "disconnect");
  const ranForMs = Math.max(0, Date.parse(exited.finishedAt) - Date.parse(exited.startedAt));
  emitMountEvents(ctx, record, "unmount");
  emitContainerEvent(ctx, record, "die", { execDuration: String(Math.floor(ranForMs / 1000)), exitCode: String(status.exitCode) });
  if (restart) return { kind: "restart", ranForMs };
  return { kind: record.hostConfig.AutoRemove ? "remove" : "rest" };
}

/** `on-unhealthy` restarts what fails, by ending badly or by its health check. */
export function policyRestarts({ hostConfig, restartCount }: ContainerRecord, exitCode: number, reason: EndReason): boolean {
  if (reason === "person") return false;
  const { Name: name, MaximumRetryCount: most = 0 } = hostConfig.RestartPolicy ?? {};
  if (name === "always" || name === "unless-stopped") return true;
  if (name !== "on-failure" && name !== "on-unhealthy") return false;
  return (exitCode !== 0 || reason === "unhealthy") && (most === 0 || restartCount < most);
}

/** Teardown: goes through to the end, and "already gone" is done. */
export async function releaseRun(ctx: EngineContext, id: string, cgroup: Cgroup | undefined): Promise<void> {
  // Another runtime takes back its own first: of a cgroup that goes meanwhile it would leave what is not ours.
  const runDir = await Promise.allSettled([removeRunDir(ctx, id)]);
  const results = [...runDir, ...(await Promise.allSettled([cgroup?.remove(), (async () => ctx.publisher.unpublish(id))(), (async () => ctx.names.remove(id))(), (async () => ctx.network.detach(id))(), ctx.volumeDrivers.uses.release(id)]))];
  for (const result of results) if (result.status === "rejected") ctx.log(`container ${id}: ${messageOf(result.reason)}, ignoring; the next start of the engine sweeps it`);
}
