/** Answers of stats, written by hand for speed: they must be JSON, with Docker's fields in Docker's order. */
import { describe, expect, test } from "bun:test";
import { answerText, encodeSample } from "../../src/engine/stats/encode.ts";
import { StatsSampler, type StatsListener } from "../../src/engine/stats/sampler.ts";
import type { CgroupStats } from "../../src/engine/ports.ts";

const CONTAINER = { id: "f".repeat(64), name: 'odd"name' };
const UNLIMITED = 9_223_372_036_854_771_712;
const counters = (change: Partial<CgroupStats> = {}): CgroupStats => ({
  cpu: { totalNs: 3e9, userNs: 1e9, systemNs: 2e9, perCpuNs: [1e9, 2e9], periods: 4, throttledPeriods: 5, throttledNs: 6 },
  memory: { usageBytes: 1000, maxUsageBytes: 2000, limitBytes: 1e18, failures: 0, stats: { cache: 7, hierarchical_memory_limit: UNLIMITED, anon: 8, inactive_file: 9 } },
  pids: { current: 3, limit: 0 },
  blockIO: { bytes: [{ major: 8, minor: 0, op: "Read", value: 10 }], operations: [{ major: 8, minor: 0, op: "Read", value: 1 }] },
  ...change,
});
const network = { rxBytes: 1, rxPackets: 2, rxErrors: 3, rxDropped: 4, txBytes: 5, txPackets: 6, txErrors: 7, txDropped: 8 };
const linked = [{ interfaceName: "eth0", counters: network }];
const moment = { read: "2026-01-01T00:00:01Z", systemNs: 9e9, onlineCpus: 2 };
const parsed = (text: string): Record<string, Record<string, unknown>> => JSON.parse(text) as Record<string, Record<string, unknown>>;

describe("answerText()", () => {
  test("cgroup v1: percpu, most memory, empty lists; the host's limit where there is none; its end of the link turned round", () => {
    const text = answerText(CONTAINER, encodeSample(1, counters(), linked, moment, 8e9));
    expect(parsed(text)).toMatchObject({
      name: '/odd"name',
      read: "2026-01-01T00:00:01Z",
      preread: "0001-01-01T00:00:00Z",
      pids_stats: { current: 3 },
      blkio_stats: { io_service_bytes_recursive: [{ major: 8, minor: 0, op: "Read", value: 10 }], io_queue_recursive: [] },
      cpu_stats: { cpu_usage: { total_usage: 3e9, percpu_usage: [1e9, 2e9], usage_in_kernelmode: 2e9, usage_in_usermode: 1e9 }, system_cpu_usage: 9e9, online_cpus: 2, throttling_data: { periods: 4, throttled_periods: 5, throttled_time: 6 } },
      memory_stats: { usage: 1000, max_usage: 2000, limit: 8e9 },
      networks: { eth0: { rx_bytes: 5, rx_packets: 6, rx_errors: 7, rx_dropped: 8, tx_bytes: 1, tx_packets: 2, tx_errors: 3, tx_dropped: 4 } },
    });
    expect(text).toContain('"hierarchical_memory_limit":9223372036854771712,');
    expect(parsed(text)["pids_stats"]).toEqual({ current: 3 });
    expect(parsed(text)["memory_stats"]).not.toHaveProperty("failcnt");
  });

  test("cgroup v2: no lists but that of bytes, names of its own, the largest number for no limit of processes", () => {
    const v2 = counters({ cpu: { ...counters().cpu, perCpuNs: [] }, memory: { ...counters().memory, maxUsageBytes: 0, failures: 2 } });
    const text = answerText(CONTAINER, encodeSample(2, v2, [], moment, 8e9));
    const answer = parsed(text);
    expect(text).toContain('"pids_stats":{"current":3,"limit":18446744073709551615}');
    expect(answer["blkio_stats"]).toMatchObject({ io_service_bytes_recursive: [{ op: "Read", value: 10 }], io_serviced_recursive: null, sectors_recursive: null });
    expect(answer["memory_stats"]).toMatchObject({ stats: { anon: 8, inactive_file: 9, pgfault: 0 }, failcnt: 2 });
    expect(answer["memory_stats"]).not.toHaveProperty("max_usage");
    expect(answer["cpu_stats"]?.["cpu_usage"]).not.toHaveProperty("percpu_usage");
    expect(answer).not.toHaveProperty("networks");
  });

  test("a look before becomes preread and precpu_stats", () => {
    const before = encodeSample(1, counters(), linked, { ...moment, read: "2026-01-01T00:00:00Z", systemNs: 5e9 }, 8e9);
    expect(parsed(answerText(CONTAINER, encodeSample(1, counters(), linked, moment, 8e9), before))).toMatchObject({ preread: "2026-01-01T00:00:00Z", precpu_stats: { system_cpu_usage: 5e9 }, cpu_stats: { system_cpu_usage: 9e9 } });
  });
});

describe("StatsSampler", () => {
  /** A container of memory whose counters tell how often they were read. */
  function sampler() {
    const seen = { reads: 0, open: 0, dumps: 0, watches: 0 };
    let state: unknown = { status: "running", startedAt: "2026-01-01T00:00:00Z" };
    let tell: ((record: unknown) => void) | undefined;
    const record = () => ({ ...CONTAINER, state, hostConfig: {} });
    const reader = () => {
      seen.open++;
      return { read: () => (seen.reads++, counters()), [Symbol.dispose]: () => void seen.open-- };
    };
    const parts = {
      containers: {
        get: () => (state === undefined ? undefined : record()),
        watch: (_id: string, watcher: (record: unknown) => void) => {
          seen.watches++;
          tell = watcher;
          return { [Symbol.dispose]: () => void seen.watches-- };
        },
      },
      cgroups: { version: 1, open: () => ({ openStats: reader }) },
      network: { endpoints: () => [{ interfaceName: "eth0", hostIndex: 5 }], interfaceCounters: () => (seen.dumps++, new Map([[5, network]])) },
      host: { memoryTotal: 8e9, systemCpu: () => ({ usageNs: 9e9, onlineCpus: 2 }) },
    } as unknown as ConstructorParameters<typeof StatsSampler>[0];
    const change = (next: unknown): void => {
      state = next;
      tell?.(next === undefined ? undefined : record());
    };
    return { seen, change, stats: new StatsSampler(parts) };
  }
  type Frame = Parameters<StatsListener["take"]>[0];
  function listener() {
    const frames: Frame[] = [];
    let wake: () => void = () => undefined;
    const ended = Promise.withResolvers<void>();
    const frame = async (index: number): Promise<Frame> => {
      while (!frames[index]) await new Promise<void>((resolve) => (wake = resolve));
      return frames[index];
    };
    return { frame, ended: ended.promise, take: (taken: Frame) => (frames.push(taken), wake()), end: () => ended.resolve() };
  }

  test("many listeners cost one look per second and one text; the last to leave closes everything", async () => {
    const { seen, stats } = sampler();
    const [first, second] = [listener(), listener()];
    using both = new DisposableStack();
    both.use(stats.listen(CONTAINER.id, first));
    both.use(stats.listen(CONTAINER.id, second));
    expect(seen).toMatchObject({ reads: 1, open: 1, watches: 1 });
    expect(parsed(Buffer.from((await first.frame(0)).alone()).toString())).toMatchObject({ preread: "0001-01-01T00:00:00Z" });
    const [one, other] = await Promise.all([first.frame(1), second.frame(1)]);
    expect(one.withBefore()).toBe(other.withBefore());
    expect(seen).toMatchObject({ reads: 2, dumps: 2 });
    both.dispose();
    expect(seen).toMatchObject({ open: 0, watches: 0 });
  });

  test("an ended run is let go of at once, a removed container ends its listeners", async () => {
    const { seen, change, stats } = sampler();
    const heard = listener();
    using _listening = stats.listen(CONTAINER.id, heard);
    change({ status: "exited" });
    expect(seen.open).toBe(0);
    expect(Buffer.from((await heard.frame(1)).withBefore()).toString()).toBe(answerText(CONTAINER));
    change(undefined);
    await heard.ended;
  });
});
