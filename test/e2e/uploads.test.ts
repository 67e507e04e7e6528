/** Bodies of uploads as HTTP has them, on the wire: what reads them from the connection is not the server that read the head. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect } from "node:net";
import { encodeTar } from "../../src/archive/mod.ts";
import { BUSYBOX, startEngine, type TestEngine } from "../harness.ts";

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
  await engine.ok("run", "-d", "--name", "box", BUSYBOX, "sleep", "100000");
  await engine.ok("create", "--name", "resting", BUSYBOX, "true");
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

const CONTENT = Buffer.alloc(3_000_000, "0123456789abcde\n");
const archive = (name: string): Uint8Array => encodeTar([{ kind: "file", name, mode: 0o644, content: CONTENT }]);

/** The pieces are sent one after another, each in a turn of its own, and all that comes back until the engine closes. */
async function exchange(...pieces: readonly (Uint8Array | string)[]): Promise<string> {
  const socket = connect(engine.socket);
  const received: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => received.push(chunk));
  const closed = new Promise<void>((resolve) => socket.on("close", () => resolve()).on("error", () => resolve()));
  for (const piece of pieces) {
    await new Promise((written) => socket.write(piece, written));
    await new Promise((turn) => setImmediate(turn));
  }
  await closed;
  return Buffer.concat(received).toString("latin1");
}

const head = (container: string, path: string, ...headers: string[]): string => `PUT /v1.51/containers/${container}/archive?path=${path} HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-tar\r\n${headers.join("\r\n")}\r\n\r\n`;

function* cut(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

const checksum = new Bun.CryptoHasher("md5").update(CONTENT).digest("hex");
const arrived = async (name: string): Promise<string> => (await engine.ok("exec", "box", "md5sum", name)).split(" ")[0] ?? "";

test("in chunks with extensions and a trailer, cut anywhere", async () => {
  const body = [...cut(archive("chunked"), [1, 999_999, 70_000])].flatMap((chunk, index) => [`${chunk.length.toString(16).toUpperCase()}${index % 2 ? ";name=value" : ""}\r\n`, chunk, "\r\n"]);
  const sent = Buffer.concat([...body, "0\r\nX-Trailer: yes\r\n\r\n"].map((part) => Buffer.from(part)));
  const answer = await exchange(head("box", "/", "Transfer-Encoding: chunked"), ...cut(sent, [3, 650_001, 17]));
  expect(answer).toStartWith("HTTP/1.1 200 OK");
  expect(await arrived("/chunked")).toBe(checksum);
});

test("with a length, the beginning beside the head", async () => {
  const bytes = archive("measured");
  const answer = await exchange(Buffer.concat([Buffer.from(head("box", "/", `Content-Length: ${bytes.length}`)), bytes.subarray(0, 100_000)]), ...cut(bytes.subarray(100_000), [1_000_001]));
  expect(answer).toStartWith("HTTP/1.1 200 OK");
  expect(await arrived("/measured")).toBe(checksum);
});

test("two in one piece, to the same place: each has its own body", async () => {
  const first = encodeTar([{ kind: "file", name: "first", content: Buffer.from("1\n") }]);
  const second = archive("second");
  const begin = [head("box", "/", `Content-Length: ${first.length}`), first, head("box", "/", `Content-Length: ${second.length}`, "Connection: close"), second.subarray(0, 20_000)].map((part) => Buffer.from(part));
  expect((await exchange(Buffer.concat(begin), ...cut(second.subarray(20_000), [500_000]))).match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 200", "HTTP/1.1 200"]);
  expect(await engine.ok("exec", "box", "cat", "/first")).toBe("1");
  expect(await arrived("/second")).toBe(checksum);
});

test("compressed, and for a container at rest", async () => {
  const bytes = Bun.gzipSync(new Uint8Array(encodeTar([{ kind: "file", name: "packed", mode: 0o644, content: crypto.getRandomValues(new Uint8Array(60_000)) }, { kind: "file", name: "big", content: CONTENT }])));
  // So short that it may arrive as a whole, and would leave its connection open.
  expect(await exchange(head("resting", "/", `Content-Length: ${bytes.length}`, "Connection: close"), ...cut(bytes, [10_000]))).toStartWith("HTTP/1.1 200 OK");
  const copied = await engine.api("GET", "/containers/resting/archive?path=/big");
  expect((await copied.arrayBuffer()).byteLength).toBeGreaterThan(CONTENT.length);
});

test("an answer comes before the body is over, where that is of no use", async () => {
  const bytes = archive("nowhere");
  const refused = await exchange(head("box", "/missing", `Content-Length: ${bytes.length}`), bytes.subarray(0, 10_000), bytes.subarray(10_000));
  expect(refused).toStartWith("HTTP/1.1 404 Not Found");
  expect(refused).toContain("Could not find the file /missing in container box");
  expect(await exchange(head("nobody", "/", "Transfer-Encoding: chunked"), "5\r\nhello\r\n")).toStartWith("HTTP/1.1 404 Not Found");
});

test("what is no chunk is a bad request, and the engine goes on", async () => {
  expect(await exchange(head("box", "/", "Transfer-Encoding: chunked"), "5\r\nhello\r\n", "nonsense\r\n")).toMatch(/^HTTP\/1\.1 400 Bad Request[^]*a chunk has no size/);
  expect((await engine.api("GET", "/_ping")).status).toBe(200);
});

test("a short one leaves its connection for the next request", async () => {
  const bytes = encodeTar([{ kind: "file", name: "short", mode: 0o644, content: "x" }]);
  const answers = await exchange(Buffer.concat([Buffer.from(head("box", "/", `Content-Length: ${bytes.length}`)), bytes]), "GET /_ping HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  expect(answers.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2);
});
