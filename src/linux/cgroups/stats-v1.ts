import { KeptFile } from "../kept-file.ts";
import type { BlockCount, CgroupStats, CgroupStatsReader } from "./types.ts";

const NS_PER_TICK = 10_000_000;

/** Controllers that are not mounted count as zeros. */
export class StatsReaderV1 implements CgroupStatsReader {
  readonly #files: Record<"usage" | "modes" | "perCpu" | "throttling" | "memory" | "memoryMost" | "memoryLimit" | "memoryFailures" | "memoryStat" | "pids" | "pidsMost" | "blockBytes" | "blockOperations", KeptFile>;

  constructor(folderOf: (controller: string) => string | undefined) {
    const file = (controller: string, name: string): KeptFile => new KeptFile(`${folderOf(controller) ?? ""}/${name}`);
    this.#files = {
      usage: file("cpuacct", "cpuacct.usage"),
      modes: file("cpuacct", "cpuacct.stat"),
      perCpu: file("cpuacct", "cpuacct.usage_percpu"),
      throttling: file("cpu", "cpu.stat"),
      memory: file("memory", "memory.usage_in_bytes"),
      memoryMost: file("memory", "memory.max_usage_in_bytes"),
      memoryLimit: file("memory", "memory.limit_in_bytes"),
      memoryFailures: file("memory", "memory.failcnt"),
      memoryStat: file("memory", "memory.stat"),
      pids: file("pids", "pids.current"),
      pidsMost: file("pids", "pids.max"),
      blockBytes: file("blkio", "blkio.throttle.io_service_bytes_recursive"),
      blockOperations: file("blkio", "blkio.throttle.io_serviced_recursive"),
    };
  }

  read(): CgroupStats {
    const modes = this.#files.modes.table();
    const throttling = this.#files.throttling.table();
    return {
      cpu: {
        totalNs: this.#files.usage.number(),
        userNs: (modes["user"] ?? 0) * NS_PER_TICK,
        systemNs: (modes["system"] ?? 0) * NS_PER_TICK,
        perCpuNs: this.#files.perCpu.numbers(),
        periods: throttling["nr_periods"] ?? 0,
        throttledPeriods: throttling["nr_throttled"] ?? 0,
        throttledNs: throttling["throttled_time"] ?? 0,
      },
      memory: {
        usageBytes: this.#files.memory.number(),
        maxUsageBytes: this.#files.memoryMost.number(),
        limitBytes: this.#files.memoryLimit.number(),
        failures: this.#files.memoryFailures.number(),
        stats: this.#files.memoryStat.table(),
      },
      pids: { current: this.#files.pids.number(), limit: this.#files.pidsMost.number() },
      blockIO: { bytes: counts(this.#files.blockBytes.text()), operations: counts(this.#files.blockOperations.text()) },
    };
  }

  [Symbol.dispose](): void {
    for (const file of Object.values(this.#files)) file[Symbol.dispose]();
  }
}

/** `8:0 Read 4096` lines and a `Total` without device. */
function counts(text: string): BlockCount[] {
  if (!text.includes(":")) return [];
  return [...text.matchAll(/^(\d+):(\d+) (\w+) (\d+)$/gm)].map(([, major, minor, op = "", value]) => ({ major: Number(major), minor: Number(minor), op, value: Number(value) }));
}
