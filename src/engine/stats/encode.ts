import { ZERO_INSTANT } from "../../base/mod.ts";
import type { CgroupStats, InterfaceCounters } from "../ports.ts";

/**
 * The texts of one sample: an answer of GET /containers/{id}/stats is put together from them. The processor's part serves
 * twice, here and as the next answer's `precpu_stats`.
 */
export interface SampleText {
  readonly read: string;
  readonly cpu: string;
  /** Processes and block devices: what stands before the processor's part. */
  readonly counts: string;
  /** Memory and networks: what stands behind it. */
  readonly memory: string;
}

export interface Moment {
  /** RFC 3339. */
  readonly read: string;
  readonly systemNs: number;
  readonly onlineCpus: number;
}

const NO_CPU = '{"cpu_usage":{"total_usage":0,"usage_in_kernelmode":0,"usage_in_usermode":0},"throttling_data":{"periods":0,"throttled_periods":0,"throttled_time":0}}';
const NULL_BLOCK_IO =
  '{"io_service_bytes_recursive":null,"io_serviced_recursive":null,"io_queue_recursive":null,"io_service_time_recursive":null,"io_wait_time_recursive":null,"io_merged_recursive":null,"io_time_recursive":null,"sectors_recursive":null}';
/** Of what is "max" on cgroup v2. */
const MAX_UINT64 = "18446744073709551615";

/** What is asked of a container that does not run. */
const NOTHING: SampleText = { read: ZERO_INSTANT, cpu: NO_CPU, counts: `"pids_stats":{},"blkio_stats":${NULL_BLOCK_IO},"num_procs":0,"storage_stats":{}`, memory: '"memory_stats":{}' };

/** The whole answer, as Docker Engine 28 writes it. */
export function answerText(container: { readonly id: string; readonly name: string }, sample: SampleText = NOTHING, before: SampleText = NOTHING): string {
  return `{"name":${JSON.stringify(`/${container.name}`)},"id":"${container.id}","read":"${sample.read}","preread":"${before.read}",${sample.counts},"cpu_stats":${sample.cpu},"precpu_stats":${before.cpu},${sample.memory}}\n`;
}

/** What went through one interface of a container. */
export interface LinkCounters {
  /** Inside the container. */
  readonly interfaceName: string;
  readonly counters: InterfaceCounters;
}

export function encodeSample(version: 1 | 2, counters: CgroupStats, linked: readonly LinkCounters[], moment: Moment, memoryTotal: number): SampleText {
  const networks = linked.length > 0 ? `,"networks":{${linked.map(({ interfaceName, counters: link }) => `${JSON.stringify(interfaceName)}:${networkText(link)}`).join(",")}}` : "";
  const counts = `"pids_stats":${pidsText(version, counters.pids)},"blkio_stats":${version === 1 ? blockTextV1(counters.blockIO) : blockTextV2(counters.blockIO)},"num_procs":0,"storage_stats":{}`;
  return { read: moment.read, cpu: cpuText(counters.cpu, moment), counts, memory: `"memory_stats":${memoryText(version, counters.memory, memoryTotal)}${networks}` };
}

function cpuText({ totalNs, userNs, systemNs, perCpuNs, periods, throttledPeriods, throttledNs }: CgroupStats["cpu"], moment: Moment): string {
  const perCpu = perCpuNs.length > 0 ? `"percpu_usage":[${perCpuNs.join(",")}],` : "";
  return `{"cpu_usage":{"total_usage":${totalNs},${perCpu}"usage_in_kernelmode":${systemNs},"usage_in_usermode":${userNs}},"system_cpu_usage":${moment.systemNs},"online_cpus":${moment.onlineCpus},"throttling_data":{"periods":${periods},"throttled_periods":${throttledPeriods},"throttled_time":${throttledNs}}}`;
}

/** Docker leaves out what is zero; "max" is zero on v1 and the largest number on v2. */
function pidsText(version: 1 | 2, { current, limit }: CgroupStats["pids"]): string {
  const limitText = limit > 0 ? String(limit) : version === 2 ? MAX_UINT64 : "";
  return `{${[current > 0 ? `"current":${current}` : "", limitText && `"limit":${limitText}`].filter(Boolean).join(",")}}`;
}

const entryText = ({ major, minor, op, value }: CgroupStats["blockIO"]["bytes"][number]): string => `{"major":${major},"minor":${minor},"op":"${op}","value":${value}}`;

function blockTextV1({ bytes, operations }: CgroupStats["blockIO"]): string {
  return `{"io_service_bytes_recursive":[${bytes.map(entryText).join(",")}],"io_serviced_recursive":[${operations.map(entryText).join(",")}],"io_queue_recursive":[],"io_service_time_recursive":[],"io_wait_time_recursive":[],"io_merged_recursive":[],"io_time_recursive":[],"sectors_recursive":[]}`;
}

function blockTextV2({ bytes }: CgroupStats["blockIO"]): string {
  return bytes.length === 0 ? NULL_BLOCK_IO : NULL_BLOCK_IO.replace("null", `[${bytes.map(entryText).join(",")}]`);
}

const quoted = (names: string): readonly (readonly [name: string, text: string])[] => names.split(" ").map((name) => [name, `"${name}":`] as const);

/** Those of memory.stat that Docker passes on, in its order. */
const MEMORY_V1 = quoted(
  "active_anon active_file cache dirty hierarchical_memory_limit hierarchical_memsw_limit inactive_anon inactive_file mapped_file pgfault pgmajfault pgpgin pgpgout rss rss_huge total_active_anon total_active_file total_cache total_dirty total_inactive_anon total_inactive_file total_mapped_file total_pgfault total_pgmajfault total_pgpgin total_pgpgout total_rss total_rss_huge total_unevictable total_writeback unevictable writeback",
);
const MEMORY_V2 = quoted(
  "active_anon active_file anon anon_thp file file_dirty file_mapped file_writeback inactive_anon inactive_file kernel_stack pgactivate pgdeactivate pgfault pglazyfree pglazyfreed pgmajfault pgrefill pgscan pgsteal shmem slab slab_reclaimable slab_unreclaimable sock thp_collapse_alloc thp_fault_alloc unevictable workingset_activate workingset_nodereclaim workingset_refault",
);

/** By table: a group in which nothing happened gives the same one again. */
const tableTexts = new WeakMap<object, string>();

function memoryText(version: 1 | 2, { usageBytes, maxUsageBytes, stats, failures, limitBytes }: CgroupStats["memory"], memoryTotal: number): string {
  const table = tableTexts.get(stats) ?? tableText(version === 1 ? MEMORY_V1 : MEMORY_V2, stats);
  tableTexts.set(stats, table);
  return `{${usageBytes > 0 ? `"usage":${usageBytes},` : ""}${maxUsageBytes > 0 ? `"max_usage":${maxUsageBytes},` : ""}"stats":{${table}},${failures > 0 ? `"failcnt":${failures},` : ""}"limit":${Math.min(limitBytes, memoryTotal)}}`;
}

function tableText(names: typeof MEMORY_V1, stats: Readonly<Record<string, number>>): string {
  let table = "";
  for (const [name, text] of names) table += `${table === "" ? "" : ","}${text}${wholeText(stats[name] ?? 0)}`;
  return table;
}

/** The kernel's "no limit" is beyond what a number prints to the last digit. */
const wholeText = (value: number): string => (value <= Number.MAX_SAFE_INTEGER ? String(value) : BigInt(value).toString());

/** Counted at the host's end, which receives what the container sends. */
function networkText(host: InterfaceCounters): string {
  return `{"rx_bytes":${host.txBytes},"rx_packets":${host.txPackets},"rx_errors":${host.txErrors},"rx_dropped":${host.txDropped},"tx_bytes":${host.rxBytes},"tx_packets":${host.rxPackets},"tx_errors":${host.rxErrors},"tx_dropped":${host.rxDropped}}`;
}
