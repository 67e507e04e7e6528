import { existsSync } from "node:fs";
import { EngineError, formatInstant, nowNs } from "../base/mod.ts";
import type { RuntimeSpec } from "../spec/mod.ts";
import { injectDevices } from "./cdi/inject.ts";
import type { EngineContext } from "./context.ts";
import { emitContainerEvent, emitEndpointEvent } from "./emit.ts";
import { recordExit, superviseRun } from "./exit.ts";
import { startHealth } from "./health/monitor.ts";
import type { HealthState } from "./health/state.ts";
import { containerDir, exitFile, initBinary, logPaths, rootMountPoint, runSocket } from "./paths.ts";
import { prepareLog } from "./log-forwarding.ts";
import type { Attachment, Cgroup, ContainerLaunch, LogLaunch, Shim } from "./ports.ts";
import type { ContainerRecord } from "./record.ts";
import { imageMountKey } from "./image-mounts.ts";
import { linkedEnv } from "./links.ts";
import { endpointWishes } from "./endpoint-wishes.ts";
import { requirePropagation } from "./propagation.ts";
import { announceNames } from "./names.ts";
import { publishPorts } from "./publish.ts";
import { makeBindSources, removeRunDir, writeRunFiles } from "./run-files.ts";
import { makeCgroup } from "./make-cgroup.ts";
import { refOf, type JoinedContainer } from "./spec-for/namespaces.ts";
import { specFor } from "./spec-for/spec.ts";
import { runtimeChoice } from "./runtime-choice.ts";
import { StartRefused } from "./start-refused.ts";
import { restOf } from "./state.ts";
import { userOf } from "./user-cache.ts";
import { emitMountEvents, mountVolumes, placeOf } from "./volume-mounts.ts";
import { withDefaults } from "./with-defaults.ts";

/**
 * From the row to the running process: endpoint, files, cgroup, shim. Whatever fails undoes what was made before it.
 * The state `starting` is in the store already, so that recovery finds the pieces of a launch that a crash cut short.
 */
export async function launch(ctx: EngineContext, record: ContainerRecord): Promise<void> {
  const { id } = record;
  ctx.space.requireWritable();
  await using undo = new AsyncDisposableStack();
  const attachment = await publishPorts(ctx, record, await attachNetworks(ctx, record, undo), undo);
  undo.defer(() => removeRunDir(ctx, id));
  await mountVolumes(ctx, record, undo);
  const asRun = withDefaults(record, ctx.defaults);
  const spec = buildSpec(ctx, withJoinedHostname(ctx, asRun));
  await Promise.all([writeRunFiles(ctx, asRun, attachment?.endpoints ?? []), makeBindSources(record)]);
  requirePropagation(record.mounts, ctx.host);
  const cgroup = makeCgroup(ctx, record, spec.linux.resources);
  undo.defer(() => cgroup.remove());
  const log = await prepareLog(ctx, record, undo);
  const shim = await ctx.runtime.launchContainer(id, runSocket(ctx.paths, id), launchOf(ctx, record, spec, { log, cgroup, attachment }));
  // A runtime that has failed half-way may have left a process: it goes before the cgroup does.
  undo.defer(() => ctx.runtime.forget(runSocket(ctx.paths, id))?.catch(() => undefined));
  const started = await startedOrRefused(ctx, shim, spec);
  if (started instanceof StartRefused) return sayLastWords(ctx, record, started);
  const { pid, startedNs } = started;
  undo.move();
  // Supervised before the state is seen, so that whoever waits for it finds the run.
  superviseRun(ctx, id, shim, cgroup);
  ctx.containers.setState(id, { status: "running", pid, paused: false, startedAt: formatInstant(startedNs), ...previousFinish(record) });
  if (record.config.Healthcheck) startHealth(ctx, id, previousHealth(record));
  emitMountEvents(ctx, record, "mount");
  emitEndpointEvent(ctx, record, "connect");
  emitContainerEvent(ctx, record, "start");
}

async function attachNetworks(ctx: EngineContext, record: ContainerRecord, undo: AsyncDisposableStack): Promise<Attachment | undefined> {
  const mode = record.hostConfig.NetworkMode ?? "bridge";
  if (mode.startsWith("container:") && ctx.containers.find(refOf(mode))?.id === record.id) throw new EngineError("InvalidParameter", "cannot join own network namespace");
  const wishes = endpointWishes(ctx, record);
  if (wishes.length === 0) return undefined;
  const attachment = ctx.network.attach(record.id, wishes);
  undo.defer(() => ctx.network.detach(record.id));
  announceNames(ctx, record);
  undo.defer(() => ctx.names.remove(record.id));
  await ctx.network.ready();
  return attachment;
}

/** Who shares another's network has its hosts file, and so its name. */
function withJoinedHostname(ctx: EngineContext, record: ContainerRecord): ContainerRecord {
  const mode = record.hostConfig.NetworkMode ?? "";
  const donor = mode.startsWith("container:") ? ctx.containers.find(refOf(mode)) : undefined;
  return donor ? { ...record, config: { ...record.config, Hostname: donor.config.Hostname ?? "", Domainname: donor.config.Domainname ?? "" } } : record;
}

function buildSpec(ctx: EngineContext, record: ContainerRecord): RuntimeSpec {
  const spec = specFor(record, {
    host: ctx.host,
    user: (text) => userOf(ctx, record, text),
    joined: (ref, what) => joinedContainer(ctx, ref, what),
    linkedEnv: linkedEnv(ctx, record),
    cgroupsPath: record.id,
    placeOf: (mount) => placeOf(ctx, record.id, mount),
    imageRoot: (mount) => ctx.snapshots.below(imageMountKey(record, mount)),
    filesDir: containerDir(ctx.paths, record.id),
    shmNamespace: (ref) => ctx.host.namespacePath(joinedContainer(ctx, ref, "IPC").pid, "mnt"),
    initBinary: ctx.defaults.initPath ?? initBinary(ctx.paths),
    hostHas: existsSync,
  });
  return injectDevices(spec, record.hostConfig.DeviceRequests ?? [], ctx.defaults.cdiSpecDirs, ctx.host);
}

/** The container whose namespace another joins. @throws EngineError NotFound, Conflict, in Docker's words */
function joinedContainer(ctx: EngineContext, ref: string, what: "network" | "PID" | "IPC"): JoinedContainer {
  const target = ctx.containers.find(ref);
  if (!target) throw new EngineError("NotFound", what === "network" ? `joining network namespace of container: No such container: ${ref}` : `No such container: ${ref}`);
  const { state, id } = target;
  if (state.status !== "running") {
    if (what === "network") throw new EngineError("Conflict", `cannot join network namespace of a non running container: container ${target.name} is ${restOf(state)?.status ?? state.status}`);
    throw new EngineError("Conflict", `failed to join ${what} namespace: container ${id} is not running`);
  }
  if (what === "IPC" && target.hostConfig.IpcMode !== "shareable") throw new EngineError("InvalidParameter", `failed to join IPC namespace: container ${id}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`);
  return { id, pid: state.pid };
}

function launchOf(ctx: EngineContext, { id, config, hostConfig }: ContainerRecord, spec: RuntimeSpec, { log, cgroup, attachment }: { log: LogLaunch; cgroup: Cgroup; attachment: Attachment | undefined }): ContainerLaunch {
  const [rows = 0, cols = 0] = hostConfig.ConsoleSize ?? [];
  return {
    spec,
    ...runtimeChoice(ctx.defaults, hostConfig.Runtime || "runc"),
    root: ctx.snapshots.root(id),
    rootMountPoint: rootMountPoint(ctx.paths),
    cgroup: cgroup.join,
    ...(attachment && { network: attachment.netlink }),
    log,
    exitFile: exitFile(ctx.paths, id),
    ...(cgroup.oomFile !== undefined && { oomFile: cgroup.oomFile }),
    stdio: { tty: config.Tty ?? false, openStdin: config.OpenStdin ?? false, stdinOnce: config.StdinOnce ?? false, rows, cols },
  };
}

/** A refusal with last words is an outcome; any other is thrown. */
async function startedOrRefused(ctx: EngineContext, shim: Shim, spec: RuntimeSpec): Promise<{ pid: number; startedNs: bigint } | StartRefused> {
  try {
    return await shim.started;
  } catch (error) {
    shim.close();
    const refusal = ctx.runtime.startRefusal(error, { kind: "container", process: spec.process, mounts: spec.mounts, sysctl: spec.linux.sysctl });
    if (refusal instanceof StartRefused && refusal.lastWords !== undefined) return refusal;
    throw refusal;
  }
}

/** The kernel refused the program after Docker would have let go of it: to its users it ran and ended at once. */
function sayLastWords(ctx: EngineContext, record: ContainerRecord, { lastWords = "", exitCode }: StartRefused): void {
  const now = nowNs();
  ctx.runtime.appendFrame(logPaths(ctx.paths, record.id), 2, lastWords, now);
  ctx.containers.setState(record.id, { status: "running", pid: 0, paused: false, startedAt: formatInstant(now), ...previousFinish(record) });
  emitEndpointEvent(ctx, record, "connect");
  emitContainerEvent(ctx, record, "start");
  ctx.afterExit(record.id, recordExit(ctx, record.id, { exitCode, signal: 0, oomKilled: false, startedNs: now, finishedNs: nowNs() }, "own"));
}

function previousFinish({ state }: ContainerRecord): { previouslyFinishedAt?: string } {
  const rest = restOf(state);
  return rest?.status === "exited" ? { previouslyFinishedAt: rest.finishedAt } : {};
}

function previousHealth({ state }: ContainerRecord): HealthState | undefined {
  const rest = restOf(state);
  return rest?.status === "exited" ? rest.health : undefined;
}
