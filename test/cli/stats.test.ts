/** How the command line reckons with the engine's counters. */
import { expect, test } from "bun:test";
import { cpuPercent, memoryUsed, statsRow } from "../../src/cli/stats/figures.ts";

test("cpuPercent() tells the share of one processor, and nothing without a look before", () => {
  const before = { cpu_usage: { total_usage: 1e9 }, system_cpu_usage: 10e9 };
  expect(cpuPercent({ cpu_usage: { total_usage: 2e9 }, system_cpu_usage: 12e9, online_cpus: 2 }, before)).toBe(100);
  expect(cpuPercent({ cpu_usage: { total_usage: 2e9, percpu_usage: [1, 1, 1, 1] }, system_cpu_usage: 14e9 }, before)).toBe(100);
  expect(cpuPercent({ cpu_usage: { total_usage: 1e9 }, system_cpu_usage: 10e9, online_cpus: 2 }, before)).toBe(0);
  expect(cpuPercent({}, {})).toBe(0);
});

test("memoryUsed() leaves out the pages of files that nobody uses, by v1's name or v2's", () => {
  expect(memoryUsed({ usage: 100, stats: { total_inactive_file: 30, inactive_file: 10 } })).toBe(70);
  expect(memoryUsed({ usage: 100, stats: { inactive_file: 10 } })).toBe(90);
  expect(memoryUsed({ usage: 100, stats: { inactive_file: 200 } })).toBe(100);
  expect(memoryUsed({})).toBe(0);
});

test("statsRow() adds up networks and devices, whatever the case of their words", () => {
  const row = statsRow("asked", {
    name: "/web", id: "abc", pids_stats: { current: 4 }, networks: { eth0: { rx_bytes: 1, tx_bytes: 2 }, eth1: { rx_bytes: 10, tx_bytes: 20 } },
    blkio_stats: { io_service_bytes_recursive: [{ op: "Read", value: 5 }, { op: "read", value: 6 }, { op: "Write", value: 7 }, { op: "Total", value: 100 }] },
  });
  expect(row).toMatchObject({ container: "asked", name: "web", receivedBytes: 11, sentBytes: 22, readBytes: 11, writtenBytes: 7, processes: 4 });
  expect(statsRow("asked", { blkio_stats: { io_service_bytes_recursive: null } }).readBytes).toBe(0);
});
