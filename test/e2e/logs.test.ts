import { afterAll, beforeAll, expect, test } from "bun:test";
import { BUSYBOX, startEngine, type TestEngine } from "../harness.ts";

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

async function finished(...command: string[]): Promise<string> {
  const id = await engine.ok("run", "-d", "--network", "none", BUSYBOX, ...command);
  await engine.ok("wait", id);
  return id;
}

test("logs has every line, in order, on its stream", async () => {
  const id = await finished("sh", "-c", "for i in $(seq 1 500); do echo o$i; echo e$i >&2; done");
  const { stdout, stderr } = await engine.hako("logs", id);
  expect(stdout.trim().split("\n")).toEqual(Array.from({ length: 500 }, (_, i) => `o${i + 1}`));
  expect(stderr.trim().split("\n")).toEqual(Array.from({ length: 500 }, (_, i) => `e${i + 1}`));
});

test("logs --tail", async () => {
  const id = await finished("seq", "1", "20");
  expect(await engine.ok("logs", "--tail", "3", id)).toBe("18\n19\n20");
  expect(await engine.ok("logs", "--tail", "0", id)).toBe("");
  expect((await engine.ok("logs", "--tail", "all", id)).split("\n").length).toBe(20);
  expect((await engine.ok("logs", "-n", "100", id)).split("\n").length).toBe(20);
});

test("logs -t prints an instant with nanoseconds before each line", async () => {
  const id = await finished("echo", "line");
  expect(await engine.ok("logs", "-t", id)).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z line$/);
});

test("logs --since and --until cut by time", async () => {
  const id = await finished("sh", "-c", "echo early; sleep 1.2; echo late");
  const stamps = (await engine.ok("logs", "-t", id)).split("\n").map((line) => line.split(" ")[0] ?? "");
  expect(await engine.ok("logs", "--since", stamps[1] ?? "", id)).toBe("late");
  expect(await engine.ok("logs", "--until", stamps[0] ?? "", id)).toBe("early");
  expect(await engine.ok("logs", "--since", "1h", id)).toBe("early\nlate");
  expect(await engine.ok("logs", "--until", "1h", id)).toBe("");
});

test("logs -f goes on until the container ends", async () => {
  const id = await engine.ok("run", "-d", BUSYBOX, "sh", "-c", "for i in 1 2 3 4 5; do echo n$i; sleep 0.1; done");
  using live = engine.live("logs", "-f", id);
  expect(await live.exitCode()).toBe(0);
  expect(live.output).toBe("n1\nn2\nn3\nn4\nn5\n");
});

test("logs -f --tail 1 starts late and misses nothing after", async () => {
  const id = await engine.ok("run", "-d", "-i", BUSYBOX, "cat");
  using writer = engine.live("attach", "--sig-proxy=false", id);
  for (const early of ["before", "l0"]) writer.write(`${early}\n`);
  await writer.until("l0\n");
  using live = engine.live("logs", "-f", "--tail", "1", id);
  await live.until("l0\n");
  for (let i = 1; i < 50; i++) writer.write(`l${i}\n`);
  await live.until("l49\n");
  expect(live.output.trim().split("\n")).toEqual(Array.from({ length: 50 }, (_, i) => `l${i}`));
  await engine.ok("rm", "-f", id);
});

test("logs keeps a line of 1 MB whole", async () => {
  const id = await finished("sh", "-c", "head -c 1048576 /dev/zero | tr '\\0' x; echo; echo end");
  const text = await engine.ok("logs", id);
  expect(text.length).toBe(1048576 + 1 + 3);
  expect(text.endsWith("x\nend")).toBe(true);
  expect(await engine.ok("logs", "--tail", "1", id)).toBe("end");
});

test("logs of bytes that are not text come out as they went in", async () => {
  const id = await finished("sh", "-c", "printf '\\377\\000\\n\\001'");
  const response = await engine.api("GET", `/containers/${id}/logs?stdout=1`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const payload: number[] = [];
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < bytes.length; at += 8 + view.getUint32(at + 4)) payload.push(...bytes.subarray(at + 8, at + 8 + view.getUint32(at + 4)));
  expect(payload).toEqual([255, 0, 10, 1]);
});

test("a slow reader does not stop the container", async () => {
  const id = await engine.ok("run", "-d", BUSYBOX, "sh", "-c", "yes 'a line that is long enough to fill buffers on its way, again and again' | head -c 50000000; echo finished > /done; sleep 100");
  const slow = await engine.api("GET", `/containers/${id}/logs?stdout=1&follow=1`);
  const reader = slow.body?.getReader();
  await reader?.read();
  const { code } = await engine.hakoWith({ timeoutMs: 60_000 }, "exec", id, "sh", "-c", "while [ ! -e /done ]; do sleep 0.05; done");
  expect(code).toBe(0);
  await reader?.cancel();
  await engine.ok("rm", "-f", id);
});

test("logs of an unknown container", async () => {
  const { code, stderr } = await engine.hako("logs", "nosuch");
  expect(code).toBe(1);
  expect(stderr).toContain("No such container: nosuch");
});
