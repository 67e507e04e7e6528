import type { HostConfig } from "../../spec/mod.ts";
import type { CgroupSupport } from "../ports.ts";

interface Limit {
  readonly missing: (supports: CgroupSupport) => boolean;
  readonly asked: (host: HostConfig) => boolean;
  readonly warning: string;
  readonly discard: Partial<Record<keyof HostConfig, unknown>>;
}

const unmounted = (what: string, consequence: string): string => `Your kernel does not support ${what} or the cgroup is not mounted. ${consequence}`;
const positive = (value: number | null | undefined): boolean => (value ?? 0) > 0;

/** In Docker's order and words. */
const LIMITS: readonly Limit[] = [
  { missing: ({ memory }) => !memory, asked: ({ Memory }) => positive(Memory), warning: unmounted("memory limit capabilities", "Limitation discarded."), discard: { Memory: 0, MemorySwap: -1 } },
  {
    missing: ({ swap }) => !swap, asked: ({ Memory, MemorySwap }) => positive(Memory) && MemorySwap !== -1,
    warning: unmounted("swap limit capabilities", "Memory limited without swap."), discard: { MemorySwap: -1 },
  },
  {
    missing: ({ swappiness }) => !swappiness, asked: ({ MemorySwappiness }) => (MemorySwappiness ?? -1) >= 0,
    warning: unmounted("memory swappiness capabilities", "Memory swappiness discarded."), discard: { MemorySwappiness: null },
  },
  { missing: ({ reservation }) => !reservation, asked: ({ MemoryReservation }) => positive(MemoryReservation), warning: unmounted("memory soft limit capabilities", "Limitation discarded."), discard: { MemoryReservation: 0 } },
  {
    missing: ({ oomKillDisable }) => !oomKillDisable, asked: ({ OomKillDisable }) => OomKillDisable === true,
    warning: "Your kernel does not support OomKillDisable. OomKillDisable discarded.", discard: { OomKillDisable: null },
  },
  {
    missing: ({ oomKillDisable }) => oomKillDisable, asked: ({ OomKillDisable, Memory }) => OomKillDisable === true && !positive(Memory),
    warning: "OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.", discard: {},
  },
  { missing: ({ pids }) => !pids, asked: ({ PidsLimit }) => positive(PidsLimit), warning: unmounted("PIDs limit capabilities", "PIDs limit discarded."), discard: { PidsLimit: null } },
  { missing: ({ cpuShares }) => !cpuShares, asked: ({ CpuShares }) => positive(CpuShares), warning: unmounted("CPU shares", "Shares discarded."), discard: { CpuShares: 0 } },
  {
    missing: ({ cpuQuota }) => !cpuQuota, asked: ({ CpuPeriod = 0, CpuQuota = 0 }) => CpuPeriod !== 0 || CpuQuota !== 0,
    warning: unmounted("CPU CFS scheduler", "CPU period/quota discarded."), discard: { CpuPeriod: 0, CpuQuota: 0 },
  },
  { missing: () => true, asked: ({ CpuPercent }) => positive(CpuPercent), warning: "linux does not support CPU percent. Percent discarded.", discard: { CpuPercent: 0 } },
  {
    missing: ({ cpuset }) => cpuset === undefined, asked: ({ CpusetCpus = "", CpusetMems = "" }) => CpusetCpus !== "" || CpusetMems !== "",
    warning: unmounted("cpuset", "Cpuset discarded."), discard: { CpusetCpus: "", CpusetMems: "" },
  },
  { missing: ({ blockWeight }) => !blockWeight, asked: ({ BlkioWeight }) => positive(BlkioWeight), warning: unmounted("Block I/O weight", "Weight discarded."), discard: { BlkioWeight: 0 } },
  {
    missing: ({ blockWeightDevice }) => !blockWeightDevice, asked: ({ BlkioWeightDevice }) => positive(BlkioWeightDevice?.length),
    warning: unmounted("Block I/O weight_device", "Weight-device discarded."), discard: { BlkioWeightDevice: [] },
  },
  {
    missing: ({ blockReadBps }) => !blockReadBps, asked: ({ BlkioDeviceReadBps }) => positive(BlkioDeviceReadBps?.length),
    warning: unmounted("BPS Block I/O read limit", "Block I/O BPS read limit discarded."), discard: { BlkioDeviceReadBps: [] },
  },
  {
    missing: ({ blockWriteBps }) => !blockWriteBps, asked: ({ BlkioDeviceWriteBps }) => positive(BlkioDeviceWriteBps?.length),
    warning: unmounted("BPS Block I/O write limit", "Block I/O BPS write limit discarded."), discard: { BlkioDeviceWriteBps: [] },
  },
  {
    missing: ({ blockReadIops }) => !blockReadIops, asked: ({ BlkioDeviceReadIOps }) => positive(BlkioDeviceReadIOps?.length),
    warning: unmounted("IOPS Block read limit", "Block I/O IOPS read limit discarded."), discard: { BlkioDeviceReadIOps: [] },
  },
  {
    missing: ({ blockWriteIops }) => !blockWriteIops, asked: ({ BlkioDeviceWriteIOps }) => positive(BlkioDeviceWriteIOps?.length),
    warning: unmounted("IOPS Block write limit", "Block I/O IOPS write limit discarded."), discard: { BlkioDeviceWriteIOps: [] },
  },
];

/** The limits without those that the kernel lacks, and a warning for each that was asked for. */
export function keepSupported<T extends HostConfig>(host: T, supports: CgroupSupport): { readonly kept: T; readonly warnings: string[] } {
  const warnings: string[] = [];
  let kept = host;
  for (const limit of LIMITS) {
    if (!limit.missing(supports) || !limit.asked(kept)) continue;
    warnings.push(limit.warning);
    kept = { ...kept, ...limit.discard };
  }
  return { kept, warnings };
}
