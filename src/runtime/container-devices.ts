import type { DeviceNode, RuntimeSpec } from "../spec/mod.ts";
import type { PlanOp } from "./ops.gen.ts";

/** config-linux.md#default-devices. */
const DEFAULT_DEVICES: readonly DeviceNode[] = [
  { path: "/dev/null", type: "c", major: 1, minor: 3 },
  { path: "/dev/zero", type: "c", major: 1, minor: 5 },
  { path: "/dev/full", type: "c", major: 1, minor: 7 },
  { path: "/dev/random", type: "c", major: 1, minor: 8 },
  { path: "/dev/urandom", type: "c", major: 1, minor: 9 },
  { path: "/dev/tty", type: "c", major: 5, minor: 0 },
];

/** runtime-linux.md#dev-symbolic-links; ptmx belongs to the container's own devpts. */
const SYMLINKS: readonly (readonly [path: string, target: string])[] = [
  ["/dev/ptmx", "pts/ptmx"],
  ["/dev/fd", "/proc/self/fd"],
  ["/dev/stdin", "/proc/self/fd/0"],
  ["/dev/stdout", "/proc/self/fd/1"],
  ["/dev/stderr", "/proc/self/fd/2"],
];

const NODE_TYPE = { c: 0o020000, u: 0o020000, b: 0o060000, p: 0o010000 } as const;

/** A bind on /dev is the host's folder, or the user's: nothing is made in it. */
export function ownsDev(spec: RuntimeSpec): boolean {
  return !spec.mounts.some((mount) => mount.destination === "/dev" && (mount.type === "bind" || mount.options.includes("rbind") || mount.options.includes("bind")));
}

export function deviceOps(spec: RuntimeSpec, kernelCore: boolean): PlanOp[] {
  if (!ownsDev(spec)) return [];
  // The host's ptmx would open terminals of the container's devpts only by luck: the link always does.
  const asked = spec.linux.devices.filter(({ path }) => path !== "/dev/ptmx");
  const given = new Set(asked.map((device) => device.path));
  const devices = [...DEFAULT_DEVICES.filter((device) => !given.has(device.path)), ...asked];
  const symlinks = kernelCore ? [...SYMLINKS, ["/dev/core", "/proc/kcore"] as const] : SYMLINKS;
  return [...devices.map(deviceOp), ...symlinks.map(([path, target]): PlanOp => ({ op: "symlink", path, target }))];
}

function deviceOp(device: DeviceNode): PlanOp {
  const permissions = (device.fileMode ?? 0o666) & 0o7777;
  return {
    op: "device",
    path: device.path,
    mode: NODE_TYPE[device.type] | permissions,
    major: device.major,
    minor: device.minor,
    uid: device.uid ?? 0,
    gid: device.gid ?? 0,
  };
}
