import type { NamespaceType, RuntimeSpec } from "../spec/mod.ts";
import { holdOps, mountOps } from "./compile-mounts.ts";
import { rootOps } from "./compile-root.ts";
import { BECOME_ROOT, lastSteps, letGoFlags, rlimitOps, STDIO, stdioOp, type PlanCompilers } from "./compile-process.ts";
import { deviceOps, ownsDev } from "./container-devices.ts";
import type { Hook, ContainerLaunch, LogLaunch } from "./launch.ts";
import { segmentFiles } from "./logs/segments.ts";
import { LOOPBACK_UP } from "./loopback.ts";
import { MOUNT_ATTR, propagationFlags } from "./mount-options.ts";
import { CLONE_NEW, cloneFlags, namespaceUse } from "./namespaces.ts";
import type { PlanOp } from "./ops.gen.ts";

export interface ContainerCompilers extends PlanCompilers {
  /** The shim's fd of a namespace that the spec gives by path. */
  namespaceFd(type: NamespaceType): number;
  /** The shim's fd of a mount namespace, by its path. */
  mountNamespaceFd(path: string): number;
  /** The shim's fd of the user namespace of a mount, by the mount's place in the spec; 0: none. */
  usersFd(mount: number): number;
  /** The shim's fds of what `letGo` names; 0: none. */
  readonly letGo?: { readonly startFd: number; readonly hookFd: number; readonly mapFd: number; copyFd(mount: number): number; readonly consoleFd: number };
  /** The kernel offers its memory image, so /dev/core is expected (Docker links it; it is masked by default). */
  readonly kernelCore: boolean;
}

/** Joined in the child; pid is entered by the shim before clone, mount and user namespaces of others are not joined. */
const JOINED_IN_CHILD: readonly NamespaceType[] = ["network", "ipc", "uts", "cgroup", "time"];

/** Compiles a container into the shim's plan. The order of the operations is the order in which they are safe. */
export function compileContainer(id: string, launch: ContainerLaunch, compilers: ContainerCompilers): PlanOp[] {
  const { spec } = launch;
  const ownUsers = namespaceUse(spec.linux, "user") === "created";
  return [
    ...hostOps(launch, compilers),
    ...entryOps(launch, compilers),
    ...(spec.hostname || spec.domainname ? [{ op: "hostname", hostname: spec.hostname ?? "", domainname: spec.domainname ?? "" } as const] : []),
    ...holdOps(spec.mounts, compilers.mountNamespaceFd, ownUsers),
    ...(ownUsers ? [BECOME_ROOT] : []),
    ...rootOps(launch.root, launch.rootMountPoint, spec.linux.rootfsPropagation ?? ""),
    ...spec.mounts.flatMap((mount, index) => [...mountOps(mount, launch.cgroup, { ownUsers, usersFd: compilers.usersFd(index) }), ...gateOps(compilers.letGo?.copyFd(index) ?? 0, false)]),
    ...deviceOps(spec, compilers.kernelCore).map((op) => (ownUsers && op.op === "device" ? deviceBind(op.path) : op)),
    // After the mounts: the folder may belong on a volume. Docker makes a missing one, root's own.
    ...(spec.process.cwd === "/" ? [] : [{ op: "directory", path: spec.process.cwd, mode: 0o755, uid: 0, gid: 0 } as const]),
    ...restrictionOps(spec),
    ...gateOps(compilers.letGo?.hookFd ?? 0, false),
    ...hookOps(launch.letGo?.createContainer),
    { op: "pivot" },
    ...(spec.linux.rootfsPropagation ? [{ op: "rootPropagation", flags: propagationFlags(spec.linux.rootfsPropagation) } as const] : []),
    ...rlimitOps(spec.process),
    { op: "sessionKeyring", name: `_ses.${id}` },
    ...(spec.process.terminal ? [{ op: "console", bindConsole: ownsDev(spec) ? 1 : 0, socketFd: compilers.letGo?.consoleFd ?? 0 } as const] : []),
    ...(compilers.letGo ? [{ op: "cwd", path: spec.process.cwd } as const, ...gateOps(compilers.letGo.startFd, true)] : []),
    ...hookOps(launch.letGo?.startContainer),
    ...lastSteps(spec.process, spec.linux.seccomp, compilers),
  ];
}

/** In a user namespace of its own nobody makes device nodes: the host's are shown. */
function deviceBind(path: string): PlanOp {
  return { op: "bind", source: path, target: path, flags: 0, attributesSet: MOUNT_ATTR.NOSUID | MOUNT_ATTR.NOEXEC, attributesClear: 0n, propagation: 0n, usersFd: 0 };
}

function gateOps(fd: number, program: boolean): PlanOp[] {
  return fd === 0 ? [] : [{ op: "gate", fd, program: program ? 1 : 0 }];
}

function hookOps(hooks: readonly Hook[] = []): PlanOp[] {
  return hooks.map(({ path, args, env, state, timeoutSeconds }): PlanOp => ({ op: "hook", path, argv: args.length > 0 ? args : [path], env, state, timeoutSeconds }));
}

/** What the shim does with streams, log and exit, whoever makes the container. */
export function settingOps(launch: ContainerLaunch): PlanOp[] {
  const ops: PlanOp[] = [stdioOp(launch.stdio, launch.letGo ? letGoFlags(launch.stdio.tty) : launch.stdio.stdinOnce ? STDIO.STDIN_ONCE : 0)];
  if (launch.log) ops.push(...logOps(launch.log));
  ops.push({ op: "exitFile", path: launch.exitFile });
  if (launch.oomFile) ops.push({ op: "oomFile", path: launch.oomFile });
  return ops;
}

function hostOps(launch: ContainerLaunch, compilers: ContainerCompilers): PlanOp[] {
  const { linux } = launch.spec;
  const ops = settingOps(launch);
  if (namespaceUse(linux, "pid") === "joined") ops.push({ op: "joinPidNamespace", fd: compilers.namespaceFd("pid") });
  ops.push({ op: "clone", flags: cloneFlags(linux), cgroupDir: launch.cgroup?.kind === "v2" ? launch.cgroup.dir : "" });
  if (launch.network && launch.network.host.messages.length > 0) ops.push({ op: "netlinkHost", ...launch.network.host });
  return ops;
}

const DISCARD = 1;
const KEEP_FROM_START = 2;

function logOps({ path, indexPath, maxBytes = 0, maxFiles = 0, discard = false, keep = false, present = [] }: LogLaunch): PlanOp[] {
  const base = present.at(-1) ?? 0;
  const older = new BigUint64Array(present.slice(0, -1).map(BigInt));
  const flags = (discard ? DISCARD : 0) | (keep ? KEEP_FROM_START : 0);
  return [
    { op: "frameLog", ...segmentFiles({ path, indexPath }, base) },
    { op: "logRotation", prefix: path, base: BigInt(base), maxBytes: BigInt(maxBytes), maxFiles, flags, older: new Uint8Array(older.buffer) },
  ];
}

/** Up to the first mount: cgroup, namespaces, network. */
function entryOps(launch: ContainerLaunch, compilers: ContainerCompilers): PlanOp[] {
  const { linux, process } = launch.spec;
  const ops: PlanOp[] = [];
  if (process.oomScoreAdj !== undefined) ops.push({ op: "oomScoreAdj", value: process.oomScoreAdj });
  if (launch.cgroup?.kind === "v1") ops.push({ op: "joinCgroups", tasksFiles: launch.cgroup.tasksFiles });
  if (namespaceUse(linux, "cgroup") === "created") ops.push({ op: "unshare", flags: CLONE_NEW.cgroup });
  for (const type of JOINED_IN_CHILD) {
    if (namespaceUse(linux, type) === "joined") ops.push({ op: "joinNamespaces", fd: compilers.namespaceFd(type), flags: CLONE_NEW[type] });
  }
  ops.push({ op: "waitHost" });
  if (namespaceUse(linux, "user") === "created") ops.push(...gateOps(compilers.letGo?.mapFd ?? 0, false));
  const inside = launch.network?.inside ?? LOOPBACK_UP;
  if (namespaceUse(linux, "network") === "created" && inside.length > 0) ops.push({ op: "netlinkInside", messages: inside });
  return ops;
}

/** Sysctls are written before their folder becomes read-only; the root becomes read-only when every target exists. */
function restrictionOps(spec: RuntimeSpec): PlanOp[] {
  return [
    ...Object.entries(spec.linux.sysctl).map(([name, value]): PlanOp => ({ op: "sysctl", path: sysctlPath(name), value })),
    ...spec.linux.readonlyPaths.map((path): PlanOp => ({ op: "readonly", path })),
    ...spec.linux.maskedPaths.map((path): PlanOp => ({ op: "mask", path })),
    ...(spec.root.readonly ? [{ op: "rootReadonly" } as const] : []),
  ];
}

/** sysctl(8): the first separator of a name decides which of `.` and `/` separates and which is part of a name. */
function sysctlPath(name: string): string {
  const first = name.search(/[./]/);
  if (first < 0 || name[first] === "/") return name;
  return name.replace(/[./]/g, (separator) => (separator === "." ? "/" : "."));
}
