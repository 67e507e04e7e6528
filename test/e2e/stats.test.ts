/** What containers use, as the API and the command line tell it. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync, readlinkSync } from "node:fs";
import { BUSYBOX, DOCKER, startEngine, type TestEngine } from "../harness.ts";
import { until } from "../until.ts";

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
}, 120_000);
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
}, 120_000);

interface Stats {
  name: string;
  id: string;
  read: string;
  preread: string;
  pids_stats: { current?: number };
  cpu_stats: { cpu_usage: { total_usage: number }; system_cpu_usage?: number; online_cpus?: number };
  precpu_stats: { cpu_usage: { total_usage: number }; system_cpu_usage?: number };
  memory_stats: { usage?: number; limit?: number; stats?: Record<string, number> };
  networks?: Record<string, Record<string, number>>;
}

const MEGABYTE = 1024 * 1024;
const ZERO = "0001-01-01T00:00:00Z";
const single = async (ref: string, query: string): Promise<Stats> => (await (await engine.api("GET", `/containers/${ref}/stats?${query}`)).json()) as Stats;

/** The first answers of a stream. */
async function answers(ref: string, count: number, between: (index: number) => Promise<unknown> = async () => undefined): Promise<Stats[]> {
  const leave = new AbortController();
  const init: RequestInit & { unix: string } = { unix: engine.socket, signal: leave.signal };
  const response = await fetch(`http://localhost/v1.51/containers/${ref}/stats`, init);
  const found: Stats[] = [];
  let held = "";
  for await (const bytes of response.body ?? []) {
    const lines = (held + Buffer.from(bytes).toString()).split("\n");
    held = lines.pop() ?? "";
    for (const line of lines.slice(0, count - found.length)) {
      found.push(JSON.parse(line) as Stats);
      await between(found.length);
    }
    if (found.length >= count) break;
  }
  leave.abort();
  return found;
}

/** Files of control groups that the engine holds open. */
const openCounters = (): number =>
  readdirSync(`/proc/${engine.pid}/fd`).filter((fd) => {
    try {
      return /^\/sys\/fs\/cgroup\/.*\/[0-9a-f]{64}\//.test(readlinkSync(`/proc/${engine.pid}/fd/${fd}`));
    } catch {
      return false;
    }
  }).length;

test("a single answer: all of Docker's fields, and a look before to compare with", async () => {
  await engine.ok("run", "-d", "--name", "busy", "-m", "64m", BUSYBOX, "sh", "-c", "while :; do :; done");
  const stats = await single("busy", "stream=0");
  expect(Object.keys(stats)).toEqual(["name", "id", "read", "preread", "pids_stats", "blkio_stats", "num_procs", "storage_stats", "cpu_stats", "precpu_stats", "memory_stats", "networks"]);
  expect(stats).toMatchObject({ name: "/busy", pids_stats: { current: 1 }, memory_stats: { limit: 64 * MEGABYTE }, networks: { eth0: { rx_errors: 0, tx_dropped: 0 } } });
  expect(stats.cpu_stats.cpu_usage.total_usage).toBeGreaterThan(stats.precpu_stats.cpu_usage.total_usage);
  expect(stats.cpu_stats.system_cpu_usage ?? 0).toBeGreaterThan(stats.precpu_stats.system_cpu_usage ?? 0);
  expect(Date.parse(stats.read)).toBeGreaterThan(Date.parse(stats.preread));
  const once = await single("busy", "stream=0&one-shot=1");
  expect(once).toMatchObject({ preread: ZERO, precpu_stats: { cpu_usage: { total_usage: 0 } } });
  expect(once.precpu_stats.system_cpu_usage).toBeUndefined();
  const refused = await engine.api("GET", "/containers/busy/stats?stream=1&one-shot=1");
  expect([refused.status, await refused.json()]).toEqual([400, { message: "cannot have stream=true and one-shot=true" }]);
  await engine.ok("rm", "-f", "busy");
}, 120_000);

test("a stream goes on while the container stops and starts, and ends when it is removed; nothing stays open", async () => {
  const id = await engine.ok("run", "-d", "--name", "comes-and-goes", BUSYBOX, "sleep", "1000");
  const found = await answers("comes-and-goes", 4, async (index) => {
    if (index === 2) await engine.ok("kill", id);
    if (index === 3) await engine.ok("start", id);
  });
  expect(found.map(({ pids_stats }) => pids_stats.current ?? 0)).toEqual([1, 1, 0, 1]);
  expect(found[0]?.preread).toBe(ZERO);
  expect(found[1]?.preread).toBe(found[0]?.read ?? "");
  expect(found[2]).toMatchObject({ id, name: "/comes-and-goes", read: ZERO, memory_stats: {} });
  expect(found[2]?.networks).toBeUndefined();
  const last = answers("comes-and-goes", 1000);
  await engine.ok("rm", "-f", id);
  expect((await last).length).toBeLessThan(1000);
  expect(openCounters()).toBe(0);
}, 120_000);

test("network counters are the container's own, also those of one it shares a network with", async () => {
  await engine.ok("run", "-d", "--name", "talker", BUSYBOX, "sh", "-c", "ping -c 20 -i 0.05 $(ip route | sed -n 's/default via \\([^ ]*\\).*/\\1/p') >/dev/null; sleep 1000");
  await engine.ok("run", "-d", "--name", "guest", "--network", "container:talker", BUSYBOX, "sleep", "1000");
  await engine.ok("run", "-d", "--name", "mute", "--network", "none", BUSYBOX, "sleep", "1000");
  const inside = async (): Promise<number> => Number((await engine.ok("exec", "talker", "cat", "/sys/class/net/eth0/statistics/tx_packets")));
  await until(async () => (await inside()) >= 20, "traffic");
  const before = await inside();
  const told = (await single("talker", "stream=0&one-shot=1")).networks?.["eth0"]?.["tx_packets"] ?? 0;
  expect([told >= before, told <= (await inside())]).toEqual([true, true]);
  expect((await single("guest", "stream=0&one-shot=1")).networks?.["eth0"]?.["tx_packets"] ?? 0).toBeGreaterThanOrEqual(told);
  expect((await single("mute", "stream=0&one-shot=1")).networks).toBeUndefined();
  await engine.ok("rm", "-f", "talker", "guest", "mute");
}, 120_000);

test("hako stats --no-stream: table, formats, stopped ones with -a", async () => {
  await engine.ok("run", "-d", "--name", "lively", "-m", "64m", "--network", "none", BUSYBOX, "sleep", "1000");
  await engine.ok("create", "--name", "still", BUSYBOX, "true");
  const [heading, ...rows] = (await engine.ok("stats", "--no-stream")).split("\n");
  expect(heading).toBe("CONTAINER ID   NAME      CPU %     MEM USAGE / LIMIT   MEM %     NET I/O   BLOCK I/O   PIDS");
  expect(rows).toHaveLength(1);
  expect(rows[0]).toMatch(/^[0-9a-f]{12} {3}lively {4}\d+\.\d\d% +[\d.]+(KiB|MiB) \/ 64MiB +\d\.\d\d% +0B \/ 0B +\S+ \/ \S+ +1$/);
  expect(await engine.ok("stats", "--no-stream", "-a", "--format", "{{.Name}} {{.PIDs}} {{.MemUsage}}", "still", "lively")).toMatch(/^still 0 0B \/ 0B\nlively 1 [\d.]+(KiB|MiB) \/ 64MiB$/);
  expect((await engine.ok("stats", "--no-stream", "-a", "--format", "{{.Name}}")).split("\n").sort()).toEqual(["lively", "still"]);
  expect(JSON.parse(await engine.ok("stats", "--no-stream", "--format", "json", "lively"))).toMatchObject({ Container: "lively", Name: "lively", PIDs: "1", NetIO: "0B / 0B" });
  const unknown = await engine.hako("stats", "--no-stream", "nosuch");
  expect([unknown.code, unknown.stderr]).toEqual([1, "Error response from daemon: No such container: nosuch\n"]);
  await engine.ok("rm", "-f", "lively", "still");
}, 120_000);

test("hako stats goes on: containers join, leave, and the table is drawn in place on a terminal", async () => {
  await engine.ok("run", "-d", "--name", "first", BUSYBOX, "sleep", "1000");
  using live = engine.terminal("stats");
  await live.until("first");
  await engine.ok("run", "-d", "--name", "second", BUSYBOX, "sleep", "1000");
  await live.until("second");
  await engine.ok("rm", "-f", "second");
  await live.until(/second(?:(?!second)[\s\S])*\x1b\[H(?:(?!second)[\s\S])*\x1b\[J/);
  expect(live.output).toContain("\x1b[2J\x1b[HCONTAINER ID");
  using named = engine.live("stats", "first");
  await named.until("first");
  await engine.ok("rm", "-f", "first");
  expect(await named.exitCode()).toBe(0);
}, 120_000);

test.skipIf(DOCKER === undefined)(`the real client draws the same${DOCKER ? "" : " (skipped: there is no docker client)"}`, async () => {
  await engine.ok("run", "-d", "--name", "shown", "-m", "64m", BUSYBOX, "sleep", "1000");
  const format = "{{.ID}} {{.Name}} {{.MemUsage}} {{.PIDs}}";
  const theirs = await engine.docker("stats", "--no-stream", "--format", format);
  // The kernel's own share of what is in use changes between two looks.
  const withoutUse = (line: string): string => line.trim().replace(/[\d.]+KiB \//, "some KiB /");
  expect(withoutUse(theirs.stdout)).toMatch(/^[0-9a-f]{12} shown some KiB \/ 64MiB 1$/);
  expect(withoutUse(await engine.ok("stats", "--no-stream", "--format", format))).toBe(withoutUse(theirs.stdout));
  await engine.ok("rm", "-f", "shown");
}, 120_000);
