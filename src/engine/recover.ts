import { formatInstant, messageOf } from "../base/mod.ts";
import type { EngineContext } from "./context.ts";
import { recoverExecs } from "./exec-files.ts";
import { policyRestarts, recordExit, releaseRun, superviseRun } from "./exit.ts";
import { keptHealth } from "./health/kept.ts";
import { resumeHealth } from "./health/monitor.ts";
import { announceNames, serveAllNames } from "./names.ts";
import { exitFile, runSocket } from "./paths.ts";
import { resumeForwarding } from "./log-forwarding.ts";
import type { Cgroup, ExitStatus, Shim } from "./ports.ts";
import type { ContainerRecord } from "./record.ts";
import { removeHeld } from "./remove.ts";
import { cgroupPlace, changeableLimitsOf } from "./spec-for/resources.ts";
import { startHeld } from "./start.ts";
import { isRunning } from "./state.ts";
import { sweep } from "./sweep.ts";
import { finishRemovals } from "./volume-claims.ts";
import { finishRenames } from "./volume-rename.ts";

/** Shims asked at once; each answers in well under a millisecond. */
const PARALLEL = 32;

/** A reboot leaves many to start; more at once would only wait for each other. */
const STARTED_AT_ONCE = 8;

/** What is left to do when every container's state is true. */
type Step = () => Promise<void>;

/** One that is stopped or starved must not keep the engine from starting. */
const SHIM_PATIENCE_MS = 3000;

/**
 * Start-up is recovery: every container that the store says runs is found again by its monitor's socket, or its end is read from
 * its exit file; what was begun is finished or taken back; what belongs to nobody is swept.
 */
export async function recover(ctx: EngineContext): Promise<void> {
  for (const { id, reason } of ctx.containers.damaged) ctx.log(`container ${id} is damaged in the store and skipped: ${reason}`);
  finishRenames(ctx);
  await finishRemovals(ctx);
  ctx.volumeDrivers.adopt();
  for (const record of ctx.containers.all()) for (const { type, source } of record.mounts) if (type === "volume") ctx.volumes.use(source, record.id);
  const records = ctx.containers.all();
  const [after, afterOthers]: [Step[], Step[]] = [[], []];
  for (let at = 0; at < records.length; at += PARALLEL) {
    const batch = records.slice(at, at + PARALLEL);
    const next = await Promise.all(batch.map((record) => recoverOne(ctx, record).catch((error: unknown) => report(ctx, record, error))));
    for (const [index, step] of next.entries()) if (step) (leansOnOthers(batch[index]) ? afterOthers : after).push(step);
  }
  await recoverExecs(ctx);
  await sweep(ctx);
  ctx.live.allowRestarts();
  // Only now: a container that is not known yet would be told that others do not exist.
  await serveAllNames(ctx);
  const take = (step: Step): Promise<void> => step().catch((error: unknown) => ctx.log(`recovery: ${messageOf(error)}`));
  for (let at = 0; at < after.length; at += STARTED_AT_ONCE) await Promise.all(after.slice(at, at + STARTED_AT_ONCE).map(take));
  for (const step of afterOthers) await take(step);
  ctx.eventLog.flush();
}

/** It joins another's namespaces, which must be there: it comes later, the older first. */
function leansOnOthers(record: ContainerRecord | undefined): boolean {
  const { NetworkMode: network, PidMode: pid, IpcMode: ipc, Links: links } = record?.hostConfig ?? {};
  return [network, pid, ipc].some((mode) => mode?.startsWith("container:")) || (links?.length ?? 0) > 0;
}

function report(ctx: EngineContext, record: ContainerRecord, error: unknown): undefined {
  ctx.log(`container ${record.id} could not be recovered: ${messageOf(error)}`);
  return undefined;
}

/** Brings one container to a state that is true; what takes others (a removal, a start) is returned for later. */
async function recoverOne(ctx: EngineContext, record: ContainerRecord): Promise<Step | undefined> {
  switch (record.state.status) {
    case "running":
    case "starting":
      return await recoverRun(ctx, record);
    case "removing":
      return () => locked(ctx, record.id, () => removeHeld(ctx, record.id, { removeVolumes: record.hostConfig.AutoRemove ?? false }));
    case "restarting":
      return restartOf(ctx, record.id);
    case "created":
      return undefined;
    case "exited":
      resumeForwarding(ctx, record);
      return afterEngineStart(ctx, record);
    default:
      return record.state satisfies never;
  }
}

async function recoverRun(ctx: EngineContext, record: ContainerRecord): Promise<Step | undefined> {
  const connecting = ctx.runtime.connectShim(runSocket(ctx.paths, record.id), exitFile(ctx.paths, record.id));
  const answered = await Promise.race([connecting.then(() => true), Bun.sleep(SHIM_PATIENCE_MS).then(() => false)]);
  if (answered || !isRunning(record.state)) return await takeUp(ctx, record, answered ? await connecting : undefined);
  ctx.log(`container ${record.id} is out of reach until its monitor, hako-shim, answers: it may be stopped (kill -CONT)`);
  void takeUpLater(ctx, record, connecting).catch((error: unknown) => ctx.log(`container ${record.id}: ${messageOf(error)}`));
  return undefined;
}

async function takeUpLater(ctx: EngineContext, record: ContainerRecord, connecting: Promise<Shim | undefined>): Promise<void> {
  const shim = await connecting;
  let next: Step | undefined;
  await locked(ctx, record.id, async () => void (next = await takeUp(ctx, record, shim)));
  await next?.();
}

/** The run of a container as its monitor, or what that left, has it. */
async function takeUp(ctx: EngineContext, record: ContainerRecord, shim: Shim | undefined): Promise<Step | undefined> {
  const { id } = record;
  const cgroup = ctx.cgroups.open(id, cgroupPlace(record));
  // A start that failed while no engine ran is taken back below.
  const started = await shim?.started.catch(() => undefined);
  if (shim && started) {
    if (!isRunning(record.state)) ctx.containers.setState(id, { status: "running", pid: started.pid, paused: false, startedAt: formatInstant(started.startedNs) });
    superviseRun(ctx, id, shim, cgroup);
    announceNames(ctx, record);
    restoreLimits(ctx, record, cgroup);
    // A crash may have come between the kernel's freeze and the row: the row is what was acknowledged.
    if (isRunning(record.state) && record.state.paused) await cgroup.freeze();
    else await cgroup.thaw();
    resumeHealth(ctx, id);
    return undefined;
  }
  shim?.close();
  const status = ctx.runtime.readExitFile(exitFile(ctx.paths, id));
  if (status && !isOfEarlierRun(record, status)) return await recordMissedExit(ctx, record, status, cgroup);
  if (record.state.status === "starting") return await takeBackStart(ctx, record, cgroup);
  return await recordLostRun(ctx, record, cgroup);
}

/** A crash may have come between a row that an update changed and the kernel. */
function restoreLimits(ctx: EngineContext, { id, hostConfig }: ContainerRecord, cgroup: Cgroup): void {
  try {
    cgroup.update(changeableLimitsOf(hostConfig));
  } catch (error) {
    ctx.log(`container ${id}: ${messageOf(error)}, ignoring; its next start sets its limits`);
  }
}

/** The exit file of the run before: a crash came between the intent to start and the removal of the file. */
function isOfEarlierRun({ state }: ContainerRecord, { finishedNs }: ExitStatus): boolean {
  return state.status === "starting" && state.from.status === "exited" && state.from.finishedAt === formatInstant(finishedNs);
}

/** It ended while no engine ran: the exit file has the code, the time and the reason. */
async function recordMissedExit(ctx: EngineContext, record: ContainerRecord, status: ExitStatus, cgroup: Cgroup): Promise<Step | undefined> {
  const { id } = record;
  if (!isRunning(record.state)) ctx.containers.setState(id, { status: "running", pid: 0, paused: false, startedAt: formatInstant(status.startedNs) });
  // It may have been on its way out because of its health.
  const next = recordExit(ctx, id, status, keptHealth(ctx, id)?.status === "unhealthy" ? "unhealthy" : "own");
  await killLeftovers(cgroup);
  await releaseRun(ctx, id, cgroup);
  resumeForwarding(ctx, record);
  if (next.kind === "remove") return () => locked(ctx, id, () => removeHeld(ctx, id, { removeVolumes: true }));
  if (next.kind === "restart") return restartOf(ctx, id);
  return undefined;
}

/** The engine was killed before the process ran. */
async function takeBackStart(ctx: EngineContext, record: ContainerRecord, cgroup: Cgroup): Promise<Step | undefined> {
  if (record.state.status !== "starting") return undefined;
  const { from, again } = record.state;
  const restarts = again && from.status === "exited";
  ctx.containers.setState(record.id, restarts ? { status: "restarting", last: from } : from);
  await killLeftovers(cgroup);
  await releaseRun(ctx, record.id, cgroup);
  if (restarts) return restartOf(ctx, record.id);
  return record.hostConfig.AutoRemove ? () => locked(ctx, record.id, () => removeHeld(ctx, record.id, { removeVolumes: true })) : undefined;
}

/** Neither monitor nor exit file: the machine went down, or the monitor was killed. */
async function recordLostRun(ctx: EngineContext, record: ContainerRecord, cgroup: Cgroup): Promise<Step | undefined> {
  const startedAt = isRunning(record.state) ? record.state.startedAt : record.createdAt;
  const finishedNs = BigInt(Date.now()) * 1_000_000n;
  const status: ExitStatus = { exitCode: 255, signal: 0, oomKilled: false, startedNs: BigInt(Date.parse(startedAt)) * 1_000_000n, finishedNs };
  return await recordMissedExit(ctx, record, status, cgroup);
}

async function killLeftovers(cgroup: Cgroup): Promise<void> {
  if (cgroup.pids().length > 0) cgroup.killAll();
}

/** `always` starts with the engine; `unless-stopped` unless a person stopped it. Only a restarted machine leaves such a one at rest. */
function afterEngineStart(ctx: EngineContext, record: ContainerRecord): Step | undefined {
  if (record.state.status !== "exited") return undefined;
  if (record.hostConfig.AutoRemove) return () => locked(ctx, record.id, () => removeHeld(ctx, record.id, { removeVolumes: true }));
  const policy = record.hostConfig.RestartPolicy?.Name;
  const due = policy === "always" || (policy === "unless-stopped" && !record.state.byUser);
  if (!due || !policyRestarts(record, record.state.exitCode, "own")) return undefined;
  return () => locked(ctx, record.id, () => startHeld(ctx, record, "person"));
}

/** At once and in order, so that those find each other that lean on one another. */
function restartOf(ctx: EngineContext, id: string): Step {
  return () =>
    locked(ctx, id, async () => {
      const record = ctx.containers.get(id);
      if (record?.state.status === "restarting") await startHeld(ctx, record, "policy");
    });
}

async function locked(ctx: EngineContext, id: string, act: () => Promise<void>): Promise<void> {
  using _hold = await ctx.locks.acquire(id);
  await act();
}
