import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { BUSYBOX, startEngine, type TestEngine } from "../harness.ts";

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

/** A client of the attach endpoint that reads when it is told to. */
async function attach(id: string, query: string): Promise<Socket> {
  const socket = connect(engine.socket);
  socket.write(`POST /v1.51/containers/${id}/attach?${query} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`);
  await new Promise<void>((resolve) => socket.once("data", (head) => (socket.pause(), socket.unshift(head), resolve())));
  return socket;
}

async function everything(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket as AsyncIterable<Buffer>) chunks.push(chunk);
  const all = Buffer.concat(chunks);
  return all.subarray(all.indexOf("\r\n\r\n") + 4);
}

/** What the frames of a multiplexed stream say. */
function payload(bytes: Buffer): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8 + bytes.readUInt32BE(at + 4)) text += bytes.toString("latin1", at + 8, at + 8 + bytes.readUInt32BE(at + 4));
  return text;
}

const kilobytesOf = (pid: number): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);

test.each([
  ["the default log", []],
  ["a log of at most 200 KB", ["--log-opt", "max-size=100k", "--log-opt", "max-file=2"]],
  ["no log", ["--log-driver", "none"]],
])("a client that does not read holds back nobody, costs no memory and misses nothing: %s", async (_name, options) => {
  const id = await engine.ok("create", "--network", "none", ...options, BUSYBOX, "seq", "1", "2500000");
  const slow = await attach(id, "stream=1&stdout=1");
  const before = kilobytesOf(engine.pid);
  await engine.ok("start", id);
  await engine.ok("wait", id);
  expect(kilobytesOf(engine.pid) - before).toBeLessThan(20_000);
  const text = payload(await everything(slow));
  expect(text.length).toBe(18_888_896);
  expect(text.slice(-16)).toBe("2499999\n2500000\n");
  const left = (await engine.ok("logs", id).catch(() => "")).length;
  expect(left).toBeLessThanOrEqual(options.length === 0 ? text.length : 200_000);
}, 120_000);

test("an auto-removed container goes when those who are attached have read everything", async () => {
  const id = await engine.ok("create", "--rm", "--network", "none", "--log-opt", "max-size=100k", "--log-opt", "max-file=2", BUSYBOX, "seq", "1", "500000");
  const slow = await attach(id, "stream=1&stdout=1");
  await engine.ok("start", id);
  await engine.ok("wait", id);
  expect(payload(await everything(slow)).slice(-14)).toBe("499999\n500000\n");
  const removed = await engine.api("POST", `/containers/${id}/wait?condition=removed`);
  expect([200, 404]).toContain(removed.status);
  await removed.text();
  expect(await engine.ok("ps", "-aq", "--no-trunc")).not.toContain(id);
});

test("several clients at once: all see all output, and the input of each arrives", async () => {
  const id = await engine.ok("run", "-d", "-i", "--network", "none", BUSYBOX, "cat");
  using one = engine.live("attach", "--sig-proxy=false", id);
  using other = engine.live("attach", "--sig-proxy=false", id);
  using watching = engine.live("attach", "--sig-proxy=false", "--no-stdin", id);
  // One line each way, so that all of them are known to be there.
  for (let tries = 0; !watching.output.includes("hello") || !other.output.includes("hello"); tries++) {
    one.write("hello\n");
    await Promise.race([watching.until("hello"), Bun.sleep(100)]);
    await Promise.race([other.until("hello"), Bun.sleep(100)]);
  }
  one.write("from one\n");
  await Promise.all([one, other, watching].map((client) => client.until("from one\n")));
  other.write("from the other\n");
  await Promise.all([one, other, watching].map((client) => client.until("from the other\n")));
  await engine.ok("rm", "-f", id);
  await Promise.all([one, other, watching].map((client) => client.exitCode()));
});

test("keys of one's own detach from a terminal, which is told as an event; the container goes on", async () => {
  const id = await engine.ok("run", "-d", "-it", "--network", "none", BUSYBOX, "cat");
  const client = await attach(id, "stream=1&stdin=1&stdout=1&detachKeys=ctrl-x,x");
  client.write("typed\n");
  client.write(Buffer.of(24));
  client.write("x");
  const said = (await everything(client)).toString();
  expect(said).not.toContain("\u0018");
  const events = await engine.ok("events", "--since", "1h", "--until", "0s", "--filter", `container=${id}`, "--format", "{{.Action}}");
  expect(events.split("\n")).toContain("detach");
  expect(await engine.ok("inspect", "-f", "{{.State.Running}}", id)).toBe("true");
  await engine.ok("rm", "-f", id);
});

test("logs=1 gives what was written, and stream=1 goes on from there without a gap", async () => {
  const id = await engine.ok("run", "-d", "-i", "--network", "none", BUSYBOX, "sh", "-c", "seq 1 1000; read x; seq 1001 2000");
  using following = engine.live("logs", "-f", id);
  await following.until(/^1000$/m);
  const client = await attach(id, "logs=1&stream=1&stdin=1&stdout=1");
  client.write("go\n");
  expect(payload(await everything(client))).toBe(Array.from({ length: 2000 }, (_, index) => `${index + 1}\n`).join(""));
});

test("a wait that is asked for after the end is answered after those who are attached", async () => {
  const id = await engine.ok("create", "--network", "none", BUSYBOX, "seq", "1", "1000000");
  const slow = await attach(id, "stream=1&stdout=1");
  using events = engine.live("events", "--since", "1h", "--filter", `container=${id}`, "--format", "{{.Action}}");
  await engine.ok("start", id);
  await events.until(/^die$/m);
  let received = 0;
  const waited = engine.api("POST", `/containers/${id}/wait`).then(async (answer) => [await answer.json(), received] as const);
  slow.on("data", (chunk) => (received += chunk.length)).resume();
  const [outcome, before] = await waited;
  expect(outcome).toEqual({ StatusCode: 0 });
  // The last of it may lie in the kernel, between the engine and its client.
  expect(before).toBeGreaterThan(5_000_000);
  await engine.ok("rm", id);
});
