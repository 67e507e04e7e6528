import { copyFileSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { EngineError, formatInstant, nowNs } from "../base/mod.ts";
import { connectUnix, kill, mapUsers, openCgroups, processStart, type Cgroup } from "../linux/mod.ts";
import { copyUp, reachGate, runHook, type Hook, type Shim } from "../runtime/mod.ts";
import type { Given } from "./arguments.ts";
import type { RuntimeContext } from "./context.ts";
import { readBundle, type BundleConfig } from "./config.ts";
import type { HookProgram } from "./config-hooks.ts";
import { withHome } from "./home.ts";
import { startErrorText } from "./start-error-text.ts";
import { StateFolder, stateShape, type ContainerState } from "./state.ts";

const SIGKILL = 9;
/** Each takes one of the descriptors that a plan can name. */
const MAX_COPIED = 6;

/** `create` (runtime.md#create): everything but the program; the process waits for `start`. */
export async function createContainer(ctx: RuntimeContext, given: Given): Promise<ContainerState> {
  const folder = new StateFolder(ctx.root, given.id());
  const bundle = resolve(given.value("bundle") ?? ".");
  refusePreserved(given);
  const config = readBundle(bundle);
  const consoleFd = connectConsole(config, given.value("console-socket"));
  await using undo = new AsyncDisposableStack();
  folder.make();
  undo.defer(() => folder.remove());
  copyFileSync(`${bundle}/config.json`, folder.config);
  const creating = newState(folder, bundle, config);
  folder.write(creating);
  const cgroup = openCgroups({ parent: dirname(creating.cgroupPath) }).create(basename(creating.cgroupPath), config.spec.linux.resources);
  undo.defer(() => cgroup.remove());
  undo.defer(() => cgroup.killAll());
  const pid = await makeProcess(ctx, folder, creating, config, cgroup, consoleFd);
  const state = { ...creating, pid, pidStart: processStart(pid) ?? 0 };
  folder.write(state);
  writePidFile(given.value("pid-file"), pid);
  undo.move();
  return state;
}

export function refusePreserved(given: Given): void {
  if (Number(given.value("preserve-fds") ?? 0) > 0) throw new EngineError("NotImplemented", "--preserve-fds: further descriptors cannot be handed on");
}

/** Whole or not there: who waits for it reads it at once. */
export function writePidFile(path: string | undefined, pid: number): void {
  if (path === undefined) return;
  writeFileSync(`${path}.new`, String(pid));
  renameSync(`${path}.new`, path);
}

/** @throws EngineError InvalidParameter, in runc's words */
export function connectConsole({ spec }: Pick<BundleConfig, "spec">, socket: string | undefined): number | undefined {
  if (spec.process.terminal && socket === undefined) throw new EngineError("InvalidParameter", "cannot allocate tty if runtime will detach without setting console socket");
  if (!spec.process.terminal && socket !== undefined) throw new EngineError("InvalidParameter", "cannot use console socket if runtime will not detach or allocate tty");
  return socket === undefined ? undefined : connectUnix(socket);
}

function newState({ id }: StateFolder, bundle: string, { spec, rootfs }: BundleConfig): ContainerState {
  return { id, ociVersion: spec.ociVersion, pid: 0, pidStart: 0, bundle, rootfs, cgroupPath: cgroupPathOf(spec.linux.cgroupsPath, id), created: formatInstant(nowNs()), annotations: spec.annotations ?? {}, paused: false };
}

/** @throws EngineError for a path in systemd's form, which needs systemd */
function cgroupPathOf(written: string | undefined, id: string): string {
  if (written === undefined || written === "") return `/${id}`;
  if (/^[^/]*:[^/]*:/.test(written)) throw new EngineError("NotImplemented", `linux.cgroupsPath ${written.slice(0, 128)}: this runtime makes cgroups directly, not by systemd: use the cgroupfs manager`);
  const path = resolve("/", written);
  if (path === "/") throw new EngineError("InvalidParameter", "linux.cgroupsPath: is the root of all cgroups");
  return path;
}

async function makeProcess(ctx: RuntimeContext, folder: StateFolder, state: ContainerState, { spec, hooks, rootfs }: BundleConfig, cgroup: Cgroup, consoleFd: number | undefined): Promise<number> {
  const inNamespaces = spec.linux.namespaces.some(({ type, path }) => type === "pid" && !path);
  const bound = (programs: readonly HookProgram[], status: "creating" | "created", pid: number): Hook[] => programs.map((program) => ({ ...program, state: JSON.stringify(stateShape(folder, { ...state, pid }, status)) }));
  const ownUsers = spec.linux.namespaces.some(({ type }) => type === "user");
  const copied = spec.mounts.flatMap(({ type, options }, index) => (type === "tmpfs" && options.includes("tmpcopyup") ? [index] : []));
  if (copied.length > MAX_COPIED) throw new EngineError("NotImplemented", `mounts: more than ${MAX_COPIED} with tmpcopyup`);
  const early = [...hooks.prestart, ...hooks.createRuntime];
  const { height = 0, width = 0 } = spec.process.consoleSize ?? {};
  const shim = await ctx.spawner.launchContainer(state.id, folder.shimSocket, {
    spec: { ...spec, process: withHome(spec.process, rootfs) },
    root: { kind: "bind", source: rootfs },
    rootMountPoint: rootfs,
    cgroup: cgroup.join,
    exitFile: "",
    stdio: { tty: spec.process.terminal, openStdin: true, stdinOnce: false, rows: height, cols: width },
    letGo: {
      startSocket: folder.startSocket,
      ...(early.length > 0 && { hookSocket: folder.hookSocket }),
      copySockets: new Map(copied.map((index) => [index, folder.copySocket(index)])),
      ...(ownUsers && { mapSocket: folder.mapSocket }),
      ...(consoleFd !== undefined && { consoleFd }),
      // Inside, the process is the first of its namespace.
      createContainer: bound(hooks.createContainer, "creating", inNamespaces ? 1 : 0),
      startContainer: bound(hooks.startContainer, "created", inNamespaces ? 1 : 0),
    },
  });
  try {
    if (ownUsers) await atGate(shim, folder.mapSocket, (pid) => mapUsers(pid, spec.linux.uidMappings ?? [], spec.linux.gidMappings ?? []));
    for (const index of copied) await atGate(shim, folder.copySocket(index), (pid) => copyUp(pid, rootfs, spec.mounts[index]?.destination ?? ""));
    if (early.length > 0) await runEarlyHooks(shim, folder.hookSocket, (pid) => bound(early, "creating", pid), state.bundle);
    return (await shim.started).pid;
  } catch (error) {
    throw new EngineError("System", startErrorText(error, spec));
  } finally {
    // The shim ends by itself: until then it would stand between the process and the caller.
    await shim.exited.catch(() => undefined);
    await ctx.spawner.ended();
    unlinkSync(folder.shimSocket);
  }
}

/** The process stands still, mounted but not pivoted, while they run. */
async function runEarlyHooks(shim: Shim, socket: string, hooks: (pid: number) => Hook[], cwd: string): Promise<void> {
  await atGate(shim, socket, async (pid) => {
    for (const hook of hooks(pid)) await runHook(hook, cwd);
  });
}

/** Acts on the process while it waits; one for which that fails is ended. */
async function atGate(shim: Shim, socket: string, act: (pid: number) => Promise<void> | void): Promise<void> {
  const failed = shim.started.then(() => new Promise<never>(() => undefined));
  const gate = await Promise.race([reachGate(socket), failed]);
  await shim.greeted();
  const pid = shim.preparedPid ?? 0;
  try {
    await act(pid);
  } catch (error) {
    if (pid > 0) kill(pid, SIGKILL);
    throw error;
  }
  await gate.open();
}
