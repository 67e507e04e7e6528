import { KeptFile } from "../kept-file.ts";
import type { BlockCount, CgroupStats, CgroupStatsReader } from "./types.ts";

const NS_PER_US = 1000;
/** What v1 says for "no limit". */
const UNLIMITED_BYTES = Number.MAX_SAFE_INTEGER;

export class StatsReaderV2 implements CgroupStatsReader {
  readonly #cpu: KeptFile;
  readonly #memory: KeptFile;
  readonly #memoryLimit: KeptFile;
  readonly #memoryEvents: KeptFile;
  readonly #memoryStat: KeptFile;
  readonly #pids: KeptFile;
  readonly #pidsMost: KeptFile;
  readonly #io: KeptFile;

  constructor(folder: string) {
    const file = (name: string): KeptFile => new KeptFile(`${folder}/${name}`);
    this.#cpu = file("cpu.stat");
    this.#memory = file("memory.current");
    this.#memoryLimit = file("memory.max");
    this.#memoryEvents = file("memory.events");
    this.#memoryStat = file("memory.stat");
    this.#pids = file("pids.current");
    this.#pidsMost = file("pids.max");
    this.#io = file("io.stat");
  }

  read(): CgroupStats {
    const cpu = this.#cpu.table();
    const io = blockLines(this.#io.text());
    return {
      cpu: {
        totalNs: (cpu["usage_usec"] ?? 0) * NS_PER_US,
        userNs: (cpu["user_usec"] ?? 0) * NS_PER_US,
        systemNs: (cpu["system_usec"] ?? 0) * NS_PER_US,
        perCpuNs: [],
        periods: cpu["nr_periods"] ?? 0,
        throttledPeriods: cpu["nr_throttled"] ?? 0,
        throttledNs: (cpu["throttled_usec"] ?? 0) * NS_PER_US,
      },
      memory: {
        usageBytes: this.#memory.number(),
        maxUsageBytes: 0,
        limitBytes: this.#memoryLimit.number() || UNLIMITED_BYTES,
        failures: this.#memoryEvents.table()["oom"] ?? 0,
        stats: this.#memoryStat.table(),
      },
      pids: { current: this.#pids.number(), limit: this.#pidsMost.number() },
      blockIO: {
        bytes: pick(io, { rbytes: "read", wbytes: "write" }),
        operations: pick(io, { rios: "read", wios: "write" }),
      },
    };
  }

  [Symbol.dispose](): void {
    for (const file of [this.#cpu, this.#memory, this.#memoryLimit, this.#memoryEvents, this.#memoryStat, this.#pids, this.#pidsMost, this.#io]) file[Symbol.dispose]();
  }
}

interface BlockLine {
  readonly major: number;
  readonly minor: number;
  readonly values: ReadonlyMap<string, number>;
}

/** `8:0 rbytes=1 wbytes=2 rios=3 …` */
function blockLines(text: string): BlockLine[] {
  return text.split("\n").filter(Boolean).map((line) => {
    const [device = "", ...pairs] = line.split(" ");
    const [major, minor] = device.split(":").map(Number);
    return { major: major ?? 0, minor: minor ?? 0, values: new Map(pairs.map((pair) => [pair.split("=")[0] ?? "", Number(pair.split("=")[1])])) };
  });
}

function pick(lines: readonly BlockLine[], names: Readonly<Record<string, string>>): BlockCount[] {
  return lines.flatMap(({ major, minor, values }) => Object.entries(names).map(([key, op]) => ({ major, minor, op, value: values.get(key) ?? 0 })));
}
