import type { ProcessSpec, RuntimeMount, RuntimeSpec } from "../../src/spec/mod.ts";
import type { ContainerLaunch } from "../../src/runtime/launch.ts";

const CAPABILITIES = ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID", "CAP_SETUID", "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE"];

export function processSpec(args: string[], more: Partial<ProcessSpec> = {}): ProcessSpec {
  return {
    terminal: false,
    user: { uid: 0, gid: 0, additionalGids: [] },
    args,
    env: ["PATH=/bin"],
    cwd: "/",
    capabilities: { bounding: CAPABILITIES, effective: CAPABILITIES, permitted: CAPABILITIES, inheritable: [], ambient: [] },
    rlimits: [],
    noNewPrivileges: false,
    ...more,
  };
}

/** Docker's mounts of an ordinary container. */
export const DEFAULT_MOUNTS: readonly RuntimeMount[] = [
  { destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"] },
  { destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "strictatime", "mode=755", "size=65536k"] },
  { destination: "/dev/pts", type: "devpts", source: "devpts", options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"] },
  { destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"] },
  { destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["ro", "nosuid", "noexec", "nodev"] },
  { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "noexec", "nodev"] },
  { destination: "/dev/shm", type: "tmpfs", source: "shm", options: ["nosuid", "noexec", "nodev", "mode=1777", "size=67108864"] },
];

export function runtimeSpec(args: string[], more: { process?: Partial<ProcessSpec>; mounts?: RuntimeMount[]; linux?: Partial<RuntimeSpec["linux"]>; readonly?: boolean } = {}): RuntimeSpec {
  return {
    ociVersion: "1.2.0",
    hostname: "box",
    process: processSpec(args, more.process),
    root: { path: "rootfs", readonly: more.readonly ?? false },
    mounts: [...DEFAULT_MOUNTS, ...(more.mounts ?? [])],
    linux: {
      namespaces: [{ type: "pid" }, { type: "network" }, { type: "mount" }, { type: "ipc" }, { type: "uts" }, { type: "cgroup" }],
      devices: [],
      maskedPaths: ["/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware"],
      readonlyPaths: ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
      sysctl: {},
      resources: { devices: [] },
      ...more.linux,
    },
  };
}

export function containerLaunch(spec: RuntimeSpec, more: Partial<ContainerLaunch> = {}): ContainerLaunch {
  return {
    spec,
    root: { kind: "overlay", layersDir: "/data/layers", lowers: ["2/fs", "1/fs"], upper: "/data/snapshots/7/fs", work: "/data/snapshots/7/work" },
    rootMountPoint: "/run/hako/root",
    cgroup: undefined,
    exitFile: "/data/containers/c/exit",
    stdio: { tty: false, openStdin: false, stdinOnce: false, rows: 0, cols: 0 },
    ...more,
  };
}
