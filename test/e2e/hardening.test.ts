/** What the engine does for itself and against its clients, whoever they are. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readFileSync, statSync } from "node:fs";
import { connect } from "node:net";
import { BUSYBOX, startEngine, type TestEngine } from "../harness.ts";

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

const UNIFIED = existsSync("/sys/fs/cgroup/cgroup.controllers");
/** Where a process's memory is counted, below the hierarchy. */
function memoryGroup(pid: number | string): string {
  const line = readFileSync(`/proc/${pid}/cgroup`, "utf8").split("\n").find((text) => (UNIFIED ? text.startsWith("0::") : /^\d+:([^:]*,)?memory[,:]/.test(text)));
  return line?.split(":").slice(2).join(":") ?? "";
}

test("the socket is for root and its group alone", () => {
  const { mode, uid } = statSync(engine.socket);
  expect([mode & 0o777, uid]).toEqual([0o660, 0]);
});

test("the engine's memory is limited, and counted apart from containers'", async () => {
  const id = await engine.ok("run", "-d", BUSYBOX, "sleep", "1000");
  const own = memoryGroup(engine.pid);
  const container = memoryGroup(await engine.ok("inspect", "-f", "{{.State.Pid}}", id));
  expect(own).toEndWith(`/${engine.cgroupParent}/engine`);
  expect(container).toEndWith(`/${engine.cgroupParent}/${id}`);
  const limit = readFileSync(UNIFIED ? `/sys/fs/cgroup${own}/memory.max` : `/sys/fs/cgroup/memory${own}/memory.limit_in_bytes`, "utf8");
  expect(Number(limit)).toBeLessThan(2 ** 40);
  await engine.ok("rm", "-f", id);
});

test("a client that attaches and never reads holds neither the container nor the engine up", async () => {
  const id = await engine.ok("create", BUSYBOX, "sh", "-c", "head -c 30000000 /dev/zero | tr '\\0' 'x' | fold -w 1000; exit 5");
  const socket = connect(engine.socket);
  await new Promise((resolve) => socket.once("connect", resolve));
  socket.write(`POST /v1.51/containers/${id}/attach?stream=1&stdout=1&stderr=1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n`);
  await new Promise((resolve) => socket.once("data", resolve));
  socket.pause();
  const before = residentBytes(engine.pid);
  await engine.ok("start", id);
  expect(await engine.ok("wait", id)).toBe("5");
  expect(residentBytes(engine.pid) - before).toBeLessThan(25_000_000);
  socket.destroy();
  await engine.ok("rm", id);
});

function residentBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024;
}

test("what names and labels bring does not drive the terminal of who lists them", async () => {
  const id = await engine.ok("create", "--label", "a=\u001b]0;owned\u0007", BUSYBOX, "echo", "\u001b[31mred");
  expect((await engine.hako("ps", "-a", "--no-trunc")).stdout).not.toContain("\u001b");
  using terminal = engine.terminal("ps", "-a", "--format", "{{.Labels}} listed");
  await terminal.until("listed");
  expect(terminal.output).not.toContain("\u001b]0;owned");
  expect(await engine.ok("ps", "-a", "--format", "{{.Labels}}")).toBe("a=\u001b]0;owned\u0007");
  await engine.ok("rm", id);
});
