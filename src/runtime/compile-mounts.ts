import { basename, dirname } from "node:path";
import type { RuntimeMount } from "../spec/mod.ts";
import type { CgroupJoin } from "./launch.ts";
import { MOUNT_ATTR, MS, parseMountOptions, type MountOptions } from "./mount-options.ts";
import type { PlanOp } from "./ops.gen.ts";

/** Flags of the `bind` op. */
export const BIND = { RECURSIVE: 1, ATTRIBUTES_RECURSIVE: 2, SOURCE_IN_ROOT: 4, SOURCE_BENEATH: 8, SOURCE_HELD: 16 } as const;

/** One mount of the spec as operations. `usersFd`: of the user namespace that says who owns what in it. */
export function mountOps(mount: RuntimeMount, cgroup: CgroupJoin | undefined, { ownUsers = false, usersFd = 0 }: { ownUsers?: boolean; usersFd?: number } = {}): PlanOp[] {
  const ops = plainOps(mount, cgroup, ownUsers);
  return usersFd === 0 ? ops : ops.map((op) => (op.op === "bind" ? { ...op, usersFd } : op));
}

function plainOps(mount: RuntimeMount, cgroup: CgroupJoin | undefined, ownUsers: boolean): PlanOp[] {
  const options = parseMountOptions(mount.options);
  if (mount.type === "cgroup") return cgroupOps(mount, options, cgroup);
  if (isHeld(mount, ownUsers)) return [flagged(bindOp(mount.source, mount.destination, options), BIND.SOURCE_HELD)];
  if (mount.inRoot) return [flagged(bindOp(mount.source, mount.destination, options), BIND.SOURCE_IN_ROOT)];
  if (mount.type === "bind" || options.bind) return [mount.beneath === undefined ? bindOp(mount.source, mount.destination, options) : beneathOp(mount.source, mount.beneath, mount.destination, options)];
  return [fileSystemOp(mount.type, mount.source, mount.destination, options)];
}

function bindOp(source: string, target: string, options: MountOptions): BindOp {
  const flags = (options.recursive ? BIND.RECURSIVE : 0) | (options.attributesRecursive ? BIND.ATTRIBUTES_RECURSIVE : 0);
  return { op: "bind", source, target, flags, attributesSet: options.attributesSet, attributesClear: options.attributesClear, propagation: options.propagation, usersFd: 0 };
}

function beneathOp(source: string, beneath: string, target: string, options: MountOptions): PlanOp {
  return flagged(bindOp(`${source}/./${beneath}`, target, options), BIND.SOURCE_BENEATH);
}

type BindOp = Extract<PlanOp, { op: "bind" }>;
const flagged = (op: BindOp, flag: number): BindOp => ({ ...op, flags: op.flags | flag });

/**
 * What is opened before this namespace's mounts stop being the host's: a shared bind stays in its source's peer group,
 * while nothing that is mounted here later reaches the host; what another container shares; and, where the container's root is
 * nobody on the host (ownUsers), every bind, for that root may not find the way to it.
 */
export function holdOps(mounts: readonly RuntimeMount[], namespaceFd: (path: string) => number, ownUsers = false): PlanOp[] {
  return mounts.filter((mount) => isHeld(mount, ownUsers)).map(({ source, options, mountNamespace }): PlanOp => ({
    op: "holdTree", source, recursive: parseMountOptions(options).recursive ? 1 : 0, namespaceFd: mountNamespace === undefined ? 0 : namespaceFd(mountNamespace),
  }));
}

function isHeld({ type, options, mountNamespace, beneath, inRoot }: RuntimeMount, ownUsers: boolean): boolean {
  const { bind, propagation } = parseMountOptions(options);
  return mountNamespace !== undefined || (beneath === undefined && !inRoot && (bind || type === "bind") && (ownUsers || (propagation & MS.SHARED) !== 0n));
}

function fileSystemOp(fstype: string, source: string, target: string, options: MountOptions): PlanOp {
  return { op: "mount", target, fstype, source: source === "" ? fstype : source, options: options.fsOptions, attributes: options.attributesSet };
}

/**
 * The container's own cgroup only. Version 2: the file system as the container's cgroup namespace sees it. Version 1:
 * a folder per hierarchy, each the container's own, with links for hierarchies of several controllers.
 */
function cgroupOps(mount: RuntimeMount, options: MountOptions, cgroup: CgroupJoin | undefined): PlanOp[] {
  if (!cgroup) return [];
  if (cgroup.kind === "v2") return [fileSystemOp("cgroup2", "cgroup", mount.destination, options)];
  const hierarchies = cgroup.tasksFiles.map((file) => ({ name: hierarchyName(file), dir: dirname(file) }));
  const tmpfs = parseMountOptions(["nosuid", "nodev", "noexec", "mode=755"]);
  const attributes = options.attributesSet | MOUNT_ATTR.NOSUID | MOUNT_ATTR.NODEV | MOUNT_ATTR.NOEXEC;
  return [
    fileSystemOp("tmpfs", "tmpfs", mount.destination, tmpfs),
    ...hierarchies.map(({ name, dir }) => bindOp(dir, `${mount.destination}/${name}`, { ...options, recursive: false, attributesSet: attributes })),
    ...hierarchies.flatMap(({ name }) => controllerLinks(name).map((link): PlanOp => ({ op: "symlink", path: `${mount.destination}/${link}`, target: name }))),
  ];
}

/** `<mount point>/cpu,cpuacct/…/tasks` lies in the hierarchy cpu,cpuacct. */
function hierarchyName(tasksFile: string): string {
  const parts = tasksFile.split("/");
  const root = parts.indexOf("cgroup");
  return (root >= 0 ? parts[root + 1] : undefined) ?? basename(dirname(tasksFile));
}

function controllerLinks(hierarchy: string): string[] {
  return hierarchy.includes(",") ? hierarchy.split(",") : [];
}
