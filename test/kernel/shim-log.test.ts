/** The log that the shim writes, over more than one file. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { PlanOp } from "../../src/runtime/ops.gen.ts";
import { readLog as readAll } from "../../src/runtime/logs/read-log.ts";
import { prepareLog } from "../../src/runtime/logs/repair-log.ts";
import { segmentBases, segmentFiles } from "../../src/runtime/logs/segments.ts";
import { kernelTests, readIndex, readLog, Sandbox, ShimClient, STDIO, u64 } from "./shim-harness.ts";
import { until } from "../until.ts";

let sandbox: Sandbox;
beforeAll(() => {
  sandbox = new Sandbox();
});
afterAll(() => sandbox[Symbol.dispose]());

const lines = (count: number): string => Array.from({ length: count }, (_, number) => `${number + 1}\n`).join("");
const counting = (count: number): string[] => ["sh", "-c", `i=0; while [ $i -lt ${count} ]; do i=$((i+1)); echo $i || exit; done`];

/** The plan of a container whose log rotates. */
function plan(argv: readonly string[], rotation: Partial<Extract<PlanOp, { op: "logRotation" }>>, stdio = 0) {
  const made = sandbox.plan({ argv, stdio });
  const op: PlanOp = { op: "logRotation", prefix: made.log, base: 0n, maxBytes: 0n, maxFiles: 0, flags: 0, older: new Uint8Array(0), ...rotation };
  const ops = made.ops.flatMap((each): PlanOp[] => (each.op === "frameLog" ? [each, op] : [each]));
  const names = () => readdirSync(dirname(made.log)).filter((name) => /^log(\.\d+)?$/.test(name)).length;
  return { ...made, ops, names };
}

async function text(log: string, index: string, stream: 1 | 2 = 1): Promise<string> {
  const options = { follow: false, timestamps: false, stdout: stream === 1, stderr: stream === 2, signal: new AbortController().signal, ended: () => true };
  const chunks: Uint8Array[] = [];
  for await (const chunk of readAll({ path: log, indexPath: index, tty: true }, options)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

kernelTests("shim: a log of several files", () => {
  test("begins a new file when one is full, named for its place, and all of them read as one", async () => {
    const { ops, log, index, names } = plan(counting(2000), { maxBytes: 4096n });
    await (await ShimClient.connect(sandbox.spawn(ops).socket)).end();
    expect(names()).toBeGreaterThan(4);
    expect(await text(log, index)).toBe(lines(2000));
    for (const base of segmentBases({ path: log, indexPath: index })) {
      const suffix = base === 0 ? "" : `.${base}`;
      expect(readIndex(`${index}${suffix}`)[0]?.offset).toBe(0);
      expect(readFileSync(`${log}${suffix}`).length).toBeLessThan(4096 + 16);
    }
  });

  test("keeps the newest files only, and removes those of an earlier run", async () => {
    const { ops, log, index, names } = plan(counting(2000), { maxBytes: 1000n, maxFiles: 3, base: 500n, older: u64(100n) });
    const frame = Buffer.concat([Buffer.from([1, 0, 0, 0, 0, 0, 0, 4]), Buffer.from("old\n")]);
    for (const suffix of [".100", ".500"]) {
      writeFileSync(`${log}${suffix}`, frame);
      writeFileSync(`${index}${suffix}`, Buffer.concat([u64(0n), u64(1n)]));
    }
    const moved = ops.map((op) => (op.op === "frameLog" ? { ...op, path: `${log}.500`, indexPath: `${index}.500` } : op));
    await (await ShimClient.connect(sandbox.spawn(moved).socket)).end();
    expect(names()).toBe(3);
    expect(existsSync(`${log}.100`)).toBe(false);
    const kept = await text(log, index);
    expect(lines(2000).endsWith(kept)).toBe(true);
    expect(kept.length).toBeGreaterThan(400);
  });

  test("one file at most: the full one goes when the next is there", async () => {
    const { ops, log, index, names } = plan(counting(500), { maxBytes: 1000n, maxFiles: 1 });
    await (await ShimClient.connect(sandbox.spawn(ops).socket)).end();
    expect(names()).toBe(1);
    expect(lines(500).endsWith(await text(log, index))).toBe(true);
  });

  test("rotates when it is told to, and tells the end of the whole log", async () => {
    const { ops, log } = plan(["cat"], {}, STDIO.OPEN_STDIN | STDIO.STDIN_ONCE);
    const { socket } = sandbox.spawn(ops);
    const control = await ShimClient.connect(socket);
    const stdin = await ShimClient.connect(socket, 1);
    stdin.socket.write("one\n");
    control.send(18, u64(0n));
    expect((await control.next(36)).payload.readBigUInt64LE(0)).toBe(12n);
    expect(await control.request(20)).toBe(0);
    expect(existsSync(`${log}.12`)).toBe(true);
    expect(await control.request(20)).toBe(0);
    stdin.socket.write("two\n");
    control.send(18, u64(12n));
    expect((await control.next(36)).payload.readBigUInt64LE(0)).toBe(24n);
    expect(readLog(`${log}.12`).stdout).toBe("two\n");
    stdin.socket.end();
    await control.end();
  });

  test("removes no file while somebody is attached, and does again when that one has gone", async () => {
    const { ops, names } = plan(["sh", "-c", "read x; i=0; while [ $i -lt 500 ]; do i=$((i+1)); echo $i; done; read x; echo end"], { maxBytes: 1000n, maxFiles: 2 }, STDIO.OPEN_STDIN | STDIO.STDIN_ONCE);
    const { socket } = sandbox.spawn(ops);
    const control = await ShimClient.connect(socket);
    const attached = await ShimClient.connect(socket);
    const stdin = await ShimClient.connect(socket, 1);
    expect(await attached.request(21, 1)).toBe(0);
    stdin.socket.write("go\n");
    control.send(18, u64(5800n));
    await control.next(36);
    expect(names()).toBeGreaterThan(4);
    attached.close();
    await attached.ended;
    // The shim may hear of the next request before it hears of the end.
    await until(async () => {
      expect(await control.request(20)).toBe(0);
      return names() === 2;
    });
    stdin.socket.write("on\n");
    await control.end();
  });

  test("a shim that is killed in the midst of rotations leaves a log without a gap, which the next continues", async () => {
    for (const killAfter of [100n, 1000n, 7000n, 20_000n]) {
      const { ops, log, index } = plan(counting(1_000_000), { maxBytes: 200n });
      const shim = sandbox.spawn(ops);
      const control = await ShimClient.connect(shim.socket);
      control.send(18, u64(killAfter));
      await control.next(36);
      process.kill(shim.pid, "SIGKILL");
      await shim.exited;
      const files = { path: log, indexPath: index };
      const present = prepareLog(files);
      const before = await text(log, index);
      expect(`${before}`).toBe(lines(before.split("\n").length - 1));
      const base = present.at(-1) ?? 0;
      const next = plan(["echo", "next"], { maxBytes: 200n, prefix: log, base: BigInt(base), older: Buffer.concat(present.slice(0, -1).map((each) => u64(BigInt(each)))) });
      const moved = next.ops.map((op) => (op.op === "frameLog" ? { ...op, ...segmentFiles(files, base) } : op));
      await (await ShimClient.connect(sandbox.spawn(moved).socket)).end();
      expect(await text(log, index)).toBe(`${before}next\n`);
    }
  });

  test("throws away what nobody asked to keep, and keeps it while somebody does", async () => {
    const { ops, log, index } = plan(["cat"], { flags: 1 }, STDIO.OPEN_STDIN | STDIO.STDIN_ONCE);
    const { socket } = sandbox.spawn(ops);
    const control = await ShimClient.connect(socket);
    const stdin = await ShimClient.connect(socket, 1);
    expect(await control.request(21, 1)).toBe(0);
    stdin.socket.write("kept\n");
    control.send(18, u64(0n));
    await control.next(36);
    expect(await control.request(21, 0)).toBe(0);
    stdin.socket.end("dropped\n");
    await control.end();
    expect(await text(log, index)).toBe("kept\n");
  });
});
