import { readSmallText } from "../proc.ts";
import { readNumber, readTable } from "./control-files.ts";
import type { BlockCount, CgroupStats } from "./types.ts";

const NS_PER_US = 1000;
/** What v1 says for "no limit". */
const UNLIMITED_BYTES = Number.MAX_SAFE_INTEGER;

export function statsV2(folder: string): CgroupStats {
  const cpu = readTable(`${folder}/cpu.stat`);
  const io = blockLines(readSmallText(`${folder}/io.stat`) ?? "");
  return {
    cpu: {
      totalNs: (cpu.usage_usec ?? 0) * NS_PER_US,
      userNs: (cpu.user_usec ?? 0) * NS_PER_US,
      systemNs: (cpu.system_usec ?? 0) * NS_PER_US,
      perCpuNs: [],
      periods: cpu.nr_periods ?? 0,
      throttledPeriods: cpu.nr_throttled ?? 0,
      throttledNs: (cpu.throttled_usec ?? 0) * NS_PER_US,
    },
    memory: {
      usageBytes: readNumber(`${folder}/memory.current`),
      maxUsageBytes: readNumber(`${folder}/memory.peak`),
      limitBytes: readNumber(`${folder}/memory.max`) || UNLIMITED_BYTES,
      failures: readTable(`${folder}/memory.events`).max ?? 0,
      stats: readTable(`${folder}/memory.stat`),
    },
    pids: { current: readNumber(`${folder}/pids.current`), limit: readNumber(`${folder}/pids.max`) },
    blockIO: {
      bytes: pick(io, { rbytes: "read", wbytes: "write" }),
      operations: pick(io, { rios: "read", wios: "write" }),
    },
  };
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
