/** Connections of BuildKit's protocol that mean harm, at an engine that has other work: it goes on with that, and has no more in memory afterwards. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { encodeFrame, FLAG, FRAME, PREFACE, SETTING } from "../../src/grpc/http2/frame.ts";
import { encodeHeaders } from "../../src/grpc/http2/hpack.ts";
import { BUSYBOX, startEngine, type TestEngine } from "../harness.ts";
import { memoryOf } from "../leaks.ts";
import { random, seed } from "../seeded-random.ts";

/** The engine and what it has in use at the time: far below what any of these would take if it were kept. */
const MOST_KIB = 700 * 1024;
let engine: TestEngine;
beforeAll(async () => void (engine = await startEngine()), 60_000);
afterAll(async () => engine[Symbol.asyncDispose](), 60_000);

/** A connection that has left HTTP/1.1. */
async function upgraded(path: "/grpc" | "/session"): Promise<Socket> {
  const socket = connect(engine.socket);
  socket.on("error", () => undefined);
  socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nX-Docker-Expose-Session-Uuid: ${crypto.randomUUID()}\r\nContent-Length: 0\r\n\r\n`);
  await new Promise<void>((resolve, reject) => {
    socket.once("data", (bytes) => (bytes.toString("latin1").startsWith("HTTP/1.1 101 ") ? resolve() : reject(new Error(bytes.toString("latin1")))));
    socket.once("close", () => reject(new Error("the engine has closed the connection")));
  });
  return socket;
}

/** Says it, which the other side takes or ends the connection; then it is closed. */
async function say(path: "/grpc" | "/session", pieces: Iterable<Uint8Array>, { reads = true } = {}): Promise<void> {
  const socket = await upgraded(path);
  const over = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  if (reads) socket.resume();
  else socket.pause();
  for (const piece of pieces) {
    if (socket.destroyed || socket.writableEnded) break;
    const taken = new Promise<void>((resolve) => socket.write(piece, () => resolve()));
    await Promise.race([taken, over]);
  }
  socket.destroy();
  await over;
}

const call = (stream: number, path: string): Uint8Array => Buffer.concat(encodeFrame(FRAME.headers, FLAG.endHeaders, stream, encodeHeaders([[":method", "POST"], [":scheme", "http"], [":path", path], ["content-type", "application/grpc"]])));
const frame = (...args: Parameters<typeof encodeFrame>): Uint8Array => Buffer.concat(encodeFrame(...args));
const repeated = (piece: Uint8Array, times: number): Uint8Array => Buffer.concat(Array.from({ length: times }, () => piece));
const LISTEN = "/moby.buildkit.v1.Control/ListenBuildHistory";
const START = Buffer.concat([PREFACE, frame(FRAME.settings, 0, 0, new Uint8Array(0))]);

const FLOODS: Readonly<Record<string, () => Iterable<Uint8Array>>> = {
  "streams that are dropped at once (rapid reset)": function* () {
    yield START;
    for (let n = 0; n < 20_000; n++) yield Buffer.concat([call(n * 2 + 1, LISTEN), frame(FRAME.reset, 0, n * 2 + 1, Buffer.from([0, 0, 0, 8]))]);
  },
  "headers that never end": function* () {
    yield START;
    yield frame(FRAME.headers, 0, 1, new Uint8Array(0));
    for (let n = 0; n < 2000; n++) yield frame(FRAME.continuation, 0, 1, Buffer.alloc(16_000));
  },
  "bytes of messages one by one, which nobody reads": function* () {
    yield START;
    for (let stream = 1; stream < 40; stream += 2) yield call(stream, LISTEN);
    // Of each only the first message is wanted.
    for (let round = 0; round < 60; round++) for (let stream = 1; stream < 40; stream += 2) yield repeated(frame(FRAME.data, 0, stream, Buffer.of(0)), 600);
  },
  "messages that are begun on every stream and never end": function* () {
    yield START;
    for (let stream = 1; stream < 200; stream += 2) yield Buffer.concat([call(stream, "/moby.buildkit.v1.Control/Solve"), frame(FRAME.data, 0, stream, Buffer.from([0, 0, 0xff, 0xff, 0]))]);
    for (let round = 0; round < 60; round++) for (let stream = 1; stream < 200; stream += 2) yield frame(FRAME.data, 0, stream, Buffer.alloc(8000));
  },
  "settings and pings": function* () {
    const settings = Buffer.alloc(6 * 2700);
    for (let at = 0; at < settings.length; at += 6) settings.writeUInt16BE(SETTING.initialWindow, at);
    yield START;
    for (let n = 0; n < 300; n++) yield Buffer.concat([frame(FRAME.settings, 0, 0, settings), repeated(frame(FRAME.ping, 0, 0, Buffer.alloc(8)), 1000)]);
  },
  "windows that open byte by byte": function* () {
    yield Buffer.concat([PREFACE, frame(FRAME.settings, 0, 0, Buffer.from([0, SETTING.initialWindow, 0, 0, 0, 0]))]);
    for (let stream = 1; stream < 200; stream += 2) yield Buffer.concat([call(stream, "/moby.buildkit.v1.Control/ListWorkers"), frame(FRAME.data, FLAG.endStream, stream, Buffer.alloc(5))]);
    for (let n = 0; n < 300; n++) for (let stream = 1; stream < 200; stream += 2) yield frame(FRAME.windowUpdate, 0, stream, Buffer.from([0, 0, 0, 1]));
  },
  "what is no HTTP/2": function* () {
    for (let n = 0; n < 20; n++) yield Buffer.from(Array.from({ length: 1000 }, () => random(256)));
  },
  "frames of any kind with anything in them": function* () {
    yield START;
    for (let n = 0; n < 2000; n++) yield frame(random(12), random(256), random(3) === 0 ? random(2 ** 31) : random(40), Buffer.from(Array.from({ length: random(60) }, () => random(256))));
  },
};

test.each(Object.keys(FLOODS))("%s", async (name) => {
  console.log(`seed ${seed}`);
  const flood = FLOODS[name] ?? expect.unreachable("no such flood");
  for (const path of ["/grpc", "/session"] as const) for (const reads of [true, false]) await Promise.all([say(path, flood(), { reads }), say(path, flood(), { reads })]);
  expect(await engine.ok("run", "--rm", BUSYBOX, "echo", "goes on")).toBe("goes on");
  expect(memoryOf(engine.pid).rssKiB).toBeLessThan(MOST_KIB);
}, 180_000);

test("a build goes on beside all of them", async () => {
  const floods = Promise.all(Object.values(FLOODS).map((flood) => say("/grpc", flood())));
  const { code, stdout, stderr } = await engine.hakoWith({ stdin: `FROM ${BUSYBOX}\nRUN echo built beside floods\n` }, "build", "--progress", "plain", "-");
  expect({ code, output: stdout + stderr }).toEqual({ code: 0, output: expect.stringContaining("built beside floods") });
  await floods;
}, 180_000);
