import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { BUSYBOX, startEngine, type TestEngine } from "../harness.ts";

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

const numbers = (text: string): number[] => text.split("\n").filter(Boolean).map(Number);
const isRun = (list: readonly number[]): boolean => list.every((number, index) => index === 0 || number === (list[index - 1] ?? 0) + 1);
const logFiles = (id: string): string[] => readdirSync(join(engine.dataRoot, "containers", id)).filter((name) => /^log(\.\d+)?(\.gz)?$/.test(name));

async function finished(options: readonly string[], ...command: string[]): Promise<string> {
  const id = await engine.ok("run", "-d", "--network", "none", ...options, BUSYBOX, ...command);
  await engine.ok("wait", id);
  return id;
}

test("--log-opt max-size and max-file bound the log, which keeps the newest lines", async () => {
  const id = await finished(["--log-opt", "max-size=10k", "--log-opt", "max-file=3"], "seq", "1", "20000");
  expect(logFiles(id).length).toBe(3);
  const kept = numbers(await engine.ok("logs", id));
  expect(kept.at(-1)).toBe(20000);
  expect(isRun(kept)).toBe(true);
  expect(kept.length).toBeGreaterThan(1400);
  expect(kept.length).toBeLessThan(2400);
});

test("--tail, --since and --until count over several files", async () => {
  const id = await finished(["--log-opt", "max-size=200", "--log-opt", "max-file=50"], "sh", "-c", "seq 1 100; sleep 0.05; seq 101 200");
  expect(logFiles(id).length).toBeGreaterThan(10);
  expect(numbers(await engine.ok("logs", "-n", "150", id))).toEqual(Array.from({ length: 150 }, (_, index) => index + 51));
  const stamps = (await engine.ok("logs", "-t", id)).split("\n").map((line) => line.split(" "));
  expect(stamps.length).toBe(200);
  const middle = stamps.find(([, number]) => number === "101")?.[0] ?? "";
  expect(numbers(await engine.ok("logs", "--since", middle, id))).toEqual(Array.from({ length: 100 }, (_, index) => index + 101));
  const before = stamps.find(([, number]) => number === "100")?.[0] ?? "";
  expect(numbers(await engine.ok("logs", "--until", before, id))).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
});

test("a follower goes over rotations without losing or doubling a line", async () => {
  const id = await engine.ok("run", "-d", "-i", "--network", "none", "--log-opt", "max-size=20k", "--log-opt", "max-file=100", BUSYBOX, "sh", "-c", "read go; i=0; while [ $i -lt 20 ]; do i=$((i+1)); seq $((i*1000-999)) $((i*1000)); done");
  using follower = engine.live("logs", "-f", id);
  using starter = engine.live("attach", id);
  starter.write("go\n");
  expect(await follower.exitCode()).toBe(0);
  expect(numbers(follower.output)).toEqual(Array.from({ length: 20_000 }, (_, index) => index + 1));
  expect(await starter.exitCode()).toBe(0);
  expect(numbers(starter.output)).toEqual(Array.from({ length: 20_000 }, (_, index) => index + 1));
});

test("a foreground run has all its output, however little its log keeps", async () => {
  const { code, stdout } = await engine.hako("run", "--rm", "--network", "none", "--log-opt", "max-size=1m", "--log-opt", "max-file=2", BUSYBOX, "seq", "1", "30000");
  expect(code).toBe(0);
  expect(numbers(stdout).length).toBe(30_000);
});

test("rotation goes on while the engine is dead, and readers find everything afterwards", async () => {
  const id = await engine.ok("run", "-d", "--network", "none", "--log-opt", "max-size=10k", "--log-opt", "max-file=200", BUSYBOX, "sh", "-c", "seq 1 5000; sleep 1; seq 5001 10000; exec sleep 60");
  await engine.kill9();
  await engine.start();
  using follower = engine.live("logs", "-f", id);
  await follower.until(/^10000$/m);
  expect(numbers(follower.output)).toEqual(Array.from({ length: 10_000 }, (_, index) => index + 1));
  await engine.ok("rm", "-f", id);
});

test("older files are compressed when asked for, and read all the same", async () => {
  const id = await finished(["--log-opt", "max-size=10k", "--log-opt", "max-file=5", "--log-opt", "compress=true"], "sh", "-c", "seq 1 1500; sleep 0.5; seq 1501 2500");
  const kept = numbers(await engine.ok("logs", id));
  expect(kept).toEqual(Array.from({ length: 2500 }, (_, index) => index + 1));
  for (let tries = 0; tries < 100 && !logFiles(id).some((name) => name.endsWith(".gz")); tries++) await engine.ok("ps");
  expect(logFiles(id).some((name) => name.endsWith(".gz"))).toBe(true);
  expect(numbers(await engine.ok("logs", "-n", "2400", id))[0]).toBe(101);
});

test("a container that is started again goes on in its last file", async () => {
  const id = await finished(["--log-opt", "max-size=1k", "--log-opt", "max-file=3"], "seq", "1", "200");
  await engine.ok("start", id);
  await engine.ok("wait", id);
  expect(logFiles(id).length).toBe(3);
  expect(numbers(await engine.ok("logs", "-n", "5", id))).toEqual([196, 197, 198, 199, 200]);
});

test("logs --clear empties the log of a container at rest", async () => {
  const id = await finished([], "seq", "1", "100");
  await engine.ok("logs", "--clear", id);
  expect(await engine.ok("logs", id)).toBe("");
  await engine.ok("start", id);
  await engine.ok("wait", id);
  expect(numbers(await engine.ok("logs", id)).length).toBe(100);
});

test("logs --clear empties the log of a running one; followers go on", async () => {
  const id = await engine.ok("run", "-d", "-i", "--network", "none", BUSYBOX, "cat");
  using writer = engine.live("attach", "--sig-proxy=false", id);
  writer.write("first\n");
  await writer.until("first\n");
  using follower = engine.live("logs", "-f", id);
  await follower.until("first\n");
  await engine.ok("logs", "--clear", id);
  expect(await engine.ok("logs", id)).toBe("");
  writer.write("second\n");
  await follower.until("second\n");
  expect(follower.output).toBe("first\nsecond\n");
  expect(await engine.ok("logs", id)).toBe("second");
  await engine.ok("rm", "-f", id);
});

test("a log that cannot be read cannot be cleared", async () => {
  const id = await finished(["--log-driver", "none"], "true");
  for (const option of ["--clear", "--follow"]) {
    const { code, stderr } = await engine.hako("logs", option, id);
    expect(code).toBe(1);
    expect(stderr).toContain("configured logging driver does not support reading");
  }
});

test("the driver none keeps nothing, and who is attached sees everything", async () => {
  const { code, stdout } = await engine.hako("run", "--name", "silent", "--network", "none", "--log-driver", "none", BUSYBOX, "seq", "1", "20000");
  expect(code).toBe(0);
  expect(numbers(stdout).length).toBe(20_000);
  const id = await engine.ok("inspect", "-f", "{{.Id}}", "silent");
  await engine.ok("start", "silent");
  await engine.ok("wait", "silent");
  const left = logFiles(id).map((name) => Bun.file(join(engine.dataRoot, "containers", id, name)).size);
  expect(left.reduce((sum, size) => sum + size, 0)).toBe(0);
});
