/** OCI runtime spec 1.2, config.md and config-linux.md: the part a Linux container uses. */
export interface RuntimeSpec {
  ociVersion: string;
  hostname?: string;
  domainname?: string;
  process: ProcessSpec;
  root: { path: string; readonly: boolean };
  mounts: RuntimeMount[];
  linux: LinuxSpec;
  annotations?: Record<string, string>;
}

export interface ProcessSpec {
  terminal: boolean;
  consoleSize?: { height: number; width: number };
  user: { uid: number; gid: number; umask?: number; additionalGids: number[] };
  args: string[];
  env: string[];
  cwd: string;
  capabilities: CapabilitySets;
  rlimits: { type: string; soft: bigint; hard: bigint }[];
  noNewPrivileges: boolean;
  apparmorProfile?: string;
  selinuxLabel?: string;
  oomScoreAdj?: number;
}

/** Capability names as `CAP_CHOWN`. */
export interface CapabilitySets {
  bounding: string[];
  effective: string[];
  permitted: string[];
  inheritable: string[];
  ambient: string[];
}

/** `options` in mount(8) words: ro, nosuid, noexec, nodev, bind, rbind, rprivate, rslave, rshared, size=64m, mode=1777 … */
/** So many ids, from these two on. */
export interface IdRange {
  containerID: number;
  hostID: number;
  size: number;
}

export interface RuntimeMount {
  destination: string;
  type: string;
  source: string;
  options: string[];
  /** Who owns what in the mount: `containerID` on the file system is `hostID` there; with `idmap` among the options. */
  uidMappings?: IdRange[];
  gidMappings?: IdRange[];
  /** Ours: what is mounted is this path beneath `source`, and no link leads it out of there. */
  beneath?: string;
  /** Ours: `source` is a path of the container's own root, as mounted so far. */
  inRoot?: true;
  /** Ours: `source` is a folder on a tmpfs of another container, in this mount namespace. */
  mountNamespace?: string;
}

export type NamespaceType = "pid" | "network" | "mount" | "ipc" | "uts" | "user" | "cgroup" | "time";

export interface LinuxSpec {
  namespaces: { type: NamespaceType; path?: string }[];
  devices: DeviceNode[];
  maskedPaths: string[];
  readonlyPaths: string[];
  sysctl: Record<string, string>;
  cgroupsPath?: string;
  resources: Resources;
  seccomp?: Seccomp;
  rootfsPropagation?: string;
  uidMappings?: { containerID: number; hostID: number; size: number }[];
  gidMappings?: { containerID: number; hostID: number; size: number }[];
}

export interface DeviceNode {
  path: string;
  type: "c" | "b" | "u" | "p";
  major: number;
  minor: number;
  fileMode?: number;
  uid?: number;
  gid?: number;
}

/** config-linux.md#control-groups. Sizes in bytes, times in microseconds. Absent = kernel default. */
export interface Resources {
  devices: { allow: boolean; type?: "a" | "c" | "b"; major?: number; minor?: number; access: string }[];
  memory?: { limit?: number; reservation?: number; swap?: number; kernel?: number; kernelTCP?: number; swappiness?: number; disableOOMKiller?: boolean };
  cpu?: { shares?: number; quota?: number; period?: number; realtimeRuntime?: number; realtimePeriod?: number; cpus?: string; mems?: string };
  pids?: { limit: number };
  blockIO?: {
    weight?: number;
    weightDevice?: { major: number; minor: number; weight: number }[];
    throttleReadBpsDevice?: BlockThrottle[];
    throttleWriteBpsDevice?: BlockThrottle[];
    throttleReadIOPSDevice?: BlockThrottle[];
    throttleWriteIOPSDevice?: BlockThrottle[];
  };
}
export interface BlockThrottle {
  major: number;
  minor: number;
  rate: number;
}

/** config-linux.md#seccomp. */
export interface Seccomp {
  defaultAction: SeccompAction;
  defaultErrnoRet?: number;
  architectures: string[];
  flags?: string[];
  syscalls: {
    names: string[];
    action: SeccompAction;
    errnoRet?: number;
    args?: { index: number; value: number | bigint; valueTwo?: number | bigint; op: SeccompOperator }[];
  }[];
}
export type SeccompAction = "SCMP_ACT_ALLOW" | "SCMP_ACT_ERRNO" | "SCMP_ACT_KILL" | "SCMP_ACT_KILL_PROCESS" | "SCMP_ACT_KILL_THREAD" | "SCMP_ACT_TRAP" | "SCMP_ACT_TRACE" | "SCMP_ACT_LOG" | "SCMP_ACT_NOTIFY";
export type SeccompOperator = "SCMP_CMP_NE" | "SCMP_CMP_LT" | "SCMP_CMP_LE" | "SCMP_CMP_EQ" | "SCMP_CMP_GE" | "SCMP_CMP_GT" | "SCMP_CMP_MASKED_EQ";
