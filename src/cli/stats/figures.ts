import type { ContainerStats, CpuStats } from "../../client/mod.ts";
import { binarySize, humanSize } from "../format/size.ts";
import type { Listing } from "../format/listing.ts";

/** One container's line, from the engine's counters as docker reckons them. */
export interface StatsRow {
  /** As the user named it. */
  readonly container: string;
  readonly id: string;
  readonly name: string;
  readonly cpuPercent: number;
  readonly memoryBytes: number;
  readonly memoryLimitBytes: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
  readonly processes: number;
  /** The engine has said nothing of it yet, or cannot. */
  readonly unknown: boolean;
}

export const unknownRow = (container: string, id = "", name = ""): StatsRow => ({
  container, id, name, cpuPercent: 0, memoryBytes: 0, memoryLimitBytes: 0, receivedBytes: 0, sentBytes: 0, readBytes: 0, writtenBytes: 0, processes: 0, unknown: true,
});

export function statsRow(container: string, stats: ContainerStats): StatsRow {
  const networks = Object.values(stats.networks ?? {});
  const blocks = stats.blkio_stats?.io_service_bytes_recursive ?? [];
  const moved = (letter: string): number => blocks.reduce((sum, { op = "", value = 0 }) => sum + (op.toLowerCase().startsWith(letter) ? value : 0), 0);
  return {
    container,
    id: stats.id ?? "",
    name: (stats.name ?? "").replace(/^\//, ""),
    cpuPercent: cpuPercent(stats.cpu_stats ?? {}, stats.precpu_stats ?? {}),
    memoryBytes: memoryUsed(stats.memory_stats ?? {}),
    memoryLimitBytes: stats.memory_stats?.limit ?? 0,
    receivedBytes: networks.reduce((sum, { rx_bytes = 0 }) => sum + rx_bytes, 0),
    sentBytes: networks.reduce((sum, { tx_bytes = 0 }) => sum + tx_bytes, 0),
    readBytes: moved("r"),
    writtenBytes: moved("w"),
    processes: stats.pids_stats?.current ?? 0,
    unknown: false,
  };
}

/** Share of one processor: two fully used ones are 200. */
export function cpuPercent(now: CpuStats, before: CpuStats): number {
  const used = (now.cpu_usage?.total_usage ?? 0) - (before.cpu_usage?.total_usage ?? 0);
  const passed = (now.system_cpu_usage ?? 0) - (before.system_cpu_usage ?? 0);
  const processors = now.online_cpus || (now.cpu_usage?.percpu_usage?.length ?? 0);
  return used > 0 && passed > 0 ? (used / passed) * processors * 100 : 0;
}

/** Without the pages of files that nobody uses: `total_inactive_file` on cgroup v1, `inactive_file` on v2. */
export function memoryUsed({ usage = 0, stats = {} }: NonNullable<ContainerStats["memory_stats"]>): number {
  for (const unused of [stats["total_inactive_file"], stats["inactive_file"]]) if (unused !== undefined && unused < usage) return usage - unused;
  return usage;
}

const UNKNOWN = "--";
const percent = (value: number): string => `${value.toFixed(2)}%`;
const memoryPercent = ({ memoryBytes, memoryLimitBytes }: StatsRow): number => (memoryLimitBytes === 0 ? 0 : (memoryBytes / memoryLimitBytes) * 100);

export function statsListing(whole: boolean): Listing<StatsRow> {
  const known = (show: (row: StatsRow) => string, unknown = UNKNOWN) => (row: StatsRow) => (row.unknown ? unknown : show(row));
  return {
    fields: {
      BlockIO: { heading: "BLOCK I/O", value: known((row) => `${humanSize(row.readBytes)} / ${humanSize(row.writtenBytes)}`) },
      CPUPerc: { heading: "CPU %", value: known((row) => percent(row.cpuPercent)) },
      Container: { heading: "CONTAINER", value: ({ container }) => container },
      ID: { heading: "CONTAINER ID", value: ({ id }) => (whole ? id : id.slice(0, 12)) },
      MemPerc: { heading: "MEM %", value: known((row) => percent(memoryPercent(row))) },
      MemUsage: { heading: "MEM USAGE / LIMIT", value: known((row) => `${binarySize(row.memoryBytes)} / ${binarySize(row.memoryLimitBytes)}`, `${UNKNOWN} / ${UNKNOWN}`) },
      Name: { heading: "NAME", value: ({ name }) => name || UNKNOWN },
      NetIO: { heading: "NET I/O", value: known((row) => `${humanSize(row.receivedBytes)} / ${humanSize(row.sentBytes)}`) },
      PIDs: { heading: "PIDS", value: known((row) => String(row.processes)) },
    },
    table: ["ID", "Name", "CPUPerc", "MemUsage", "MemPerc", "NetIO", "BlockIO", "PIDs"],
    quiet: "ID",
    goType: "container.statsContext",
  };
}
