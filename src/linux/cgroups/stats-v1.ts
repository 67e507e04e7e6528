import { readSmallText } from "../proc.ts";
import { readNumber, readTable } from "./control-files.ts";
import type { BlockCount, CgroupStats } from "./types.ts";

const NS_PER_TICK = 10_000_000;

/** Controllers that are not mounted count as zeros. */
export function statsV1(folderOf: (controller: string) => string | undefined): CgroupStats {
  const file = (controller: string, name: string): string => `${folderOf(controller) ?? ""}/${name}`;
  const usage = readTable(file("cpuacct", "cpuacct.stat"));
  const throttling = readTable(file("cpu", "cpu.stat"));
  return {
    cpu: {
      totalNs: readNumber(file("cpuacct", "cpuacct.usage")),
      userNs: (usage.user ?? 0) * NS_PER_TICK,
      systemNs: (usage.system ?? 0) * NS_PER_TICK,
      perCpuNs: readSmallText(file("cpuacct", "cpuacct.usage_percpu"))?.trim().split(" ").map(Number) ?? [],
      periods: throttling.nr_periods ?? 0,
      throttledPeriods: throttling.nr_throttled ?? 0,
      throttledNs: throttling.throttled_time ?? 0,
    },
    memory: {
      usageBytes: readNumber(file("memory", "memory.usage_in_bytes")),
      maxUsageBytes: readNumber(file("memory", "memory.max_usage_in_bytes")),
      limitBytes: readNumber(file("memory", "memory.limit_in_bytes")),
      failures: readNumber(file("memory", "memory.failcnt")),
      stats: readTable(file("memory", "memory.stat")),
    },
    pids: { current: readNumber(file("pids", "pids.current")), limit: readNumber(file("pids", "pids.max")) },
    blockIO: {
      bytes: counts(file("blkio", "blkio.throttle.io_service_bytes_recursive")),
      operations: counts(file("blkio", "blkio.throttle.io_serviced_recursive")),
    },
  };
}

/** `8:0 Read 4096` lines and a `Total` without device. */
function counts(path: string): BlockCount[] {
  return [...(readSmallText(path) ?? "").matchAll(/^(\d+):(\d+) (\w+) (\d+)$/gm)].map(([, major, minor, op = "", value]) => ({ major: Number(major), minor: Number(minor), op, value: Number(value) }));
}
