import type { CgroupSupport } from "./support.ts";

/** config-linux.md#control-groups (same shape as the runtime spec's `resources`). Sizes in bytes, times in microseconds; absent: the kernel's default. */
export interface CgroupResources {
  devices: DeviceRule[];
  memory?: { limit?: number; reservation?: number; swap?: number; kernel?: number; kernelTCP?: number; swappiness?: number; disableOOMKiller?: boolean };
  cpu?: { shares?: number; quota?: number; period?: number; realtimeRuntime?: number; realtimePeriod?: number; cpus?: string; mems?: string };
  pids?: { limit: number };
  blockIO?: {
    weight?: number;
    weightDevice?: { major: number; minor: number; weight: number }[];
    throttleReadBpsDevice?: Throttle[];
    throttleWriteBpsDevice?: Throttle[];
    throttleReadIOPSDevice?: Throttle[];
    throttleWriteIOPSDevice?: Throttle[];
  };
}

/** In order, the last that matches wins; absent numbers match all. */
export interface DeviceRule {
  allow: boolean;
  type?: "a" | "c" | "b";
  major?: number;
  minor?: number;
  access: string;
}

export interface Throttle {
  major: number;
  minor: number;
  rate: number;
}

/** How a process gets in: v1 writes "0" to every file, v2 is cloned into the folder. */
export type CgroupJoin = { kind: "v1"; tasksFiles: string[] } | { kind: "v2"; dir: string };

export interface CgroupStats {
  readonly cpu: {
    readonly totalNs: number;
    readonly userNs: number;
    readonly systemNs: number;
    /** v1 only. */
    readonly perCpuNs: readonly number[];
    readonly periods: number;
    readonly throttledPeriods: number;
    readonly throttledNs: number;
  };
  readonly memory: {
    readonly usageBytes: number;
    /** 0 where the kernel does not say. */
    readonly maxUsageBytes: number;
    /** The kernel's "no limit" is larger than any machine. */
    readonly limitBytes: number;
    readonly failures: number;
    /** memory.stat by name. */
    readonly stats: Readonly<Record<string, number>>;
  };
  /** `limit` 0: none. */
  readonly pids: { readonly current: number; readonly limit: number };
  readonly blockIO: { readonly bytes: readonly BlockCount[]; readonly operations: readonly BlockCount[] };
}

export interface BlockCount {
  readonly major: number;
  readonly minor: number;
  readonly op: string;
  readonly value: number;
}

/** Reads a group's counters again and again, from files that it holds open until it is disposed of. */
export interface CgroupStatsReader extends Disposable {
  /** Zeros once the group is gone. */
  read(): CgroupStats;
}

/** One container's control group; nothing is held open, so an object may be dropped at any time. */
export interface Cgroup {
  readonly join: CgroupJoin;
  /** Has a line `oom_kill N`. */
  readonly oomFile: string | undefined;
  update(resources: CgroupResources): void;
  /** Resolves once every process stands still. */
  freeze(): Promise<void>;
  thaw(): void;
  stats(): CgroupStats;
  openStats(): CgroupStatsReader;
  /** Also of groups made inside it. */
  pids(): number[];
  killAll(): void;
  /** Already gone is done. Waits for dying processes; does not kill. @throws when processes are left after its deadline */
  remove(): Promise<void>;
}

export interface Cgroups {
  readonly version: 1 | 2;
  /** Where each hierarchy is mounted, with its controllers; on v2 the one. */
  readonly hierarchies: readonly { readonly controllers: readonly string[]; readonly path: string }[];
  readonly supports: CgroupSupport;
  /** `parent`: a path like "/limited" instead of the engine's own. @throws SyscallError with the file that refused its value */
  create(id: string, resources: CgroupResources, options?: { parent?: string }): Cgroup;
  open(id: string, options?: { parent?: string }): Cgroup;
  /** Names below the engine's parent: what a sweep compares with the store. */
  list(): string[];
  /** The parent itself, when it is empty. */
  removeParent(): void;
}
