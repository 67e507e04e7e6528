import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { BUSYBOX, startEngine, type TestEngine } from "../harness.ts";

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

interface Frame {
  readonly opcode: number;
  readonly payload: Buffer;
}

/** A client that speaks the protocol by hand, so that it can also speak it wrongly. */
class WebSocketClient implements Disposable {
  bytes = Buffer.alloc(0);
  ended = false;
  #waiting: (() => void)[] = [];

  private constructor(readonly socket: Socket) {
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      this.bytes = Buffer.concat([this.bytes, chunk]);
      this.#waiting.splice(0).forEach((wake) => wake());
    });
    socket.on("end", () => {
      this.ended = true;
      this.#waiting.splice(0).forEach((wake) => wake());
    });
  }

  /** The head of the answer goes first. */
  static async open(path: string, headers = ""): Promise<{ client: WebSocketClient; head: string }> {
    const client = new WebSocketClient(connect(engine.socket));
    client.socket.write(`GET /v1.51${path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${headers}\r\n`);
    await client.until(() => client.bytes.includes("\r\n\r\n"));
    const end = client.bytes.indexOf("\r\n\r\n") + 4;
    const head = client.bytes.toString("latin1", 0, end);
    client.bytes = client.bytes.subarray(end);
    return { client, head };
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.ended) throw new Error(`the engine closed the connection after ${JSON.stringify(this.bytes.toString())}`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  get frames(): Frame[] {
    const frames: Frame[] = [];
    for (let at = 0; at + 2 <= this.bytes.length; ) {
      const size = this.bytes.readUInt8(at + 1);
      const start = at + (size === 126 ? 4 : size === 127 ? 10 : 2);
      if (start > this.bytes.length) break;
      const length = size === 126 ? this.bytes.readUInt16BE(at + 2) : size === 127 ? Number(this.bytes.readBigUInt64BE(at + 2)) : size;
      if (start + length > this.bytes.length) break;
      frames.push({ opcode: this.bytes.readUInt8(at) & 15, payload: this.bytes.subarray(start, start + length) });
      at = start + length;
    }
    return frames;
  }

  get text(): string {
    return Buffer.concat(this.frames.filter(({ opcode }) => opcode === 1 || opcode === 2).map(({ payload }) => payload)).toString();
  }

  send(opcode: number, payload: Uint8Array | string, { final = true, masked = true } = {}): void {
    const bytes = Buffer.from(payload as string);
    const mask = Buffer.of(1, 2, 3, 4);
    const header = bytes.length < 126 ? Buffer.of(0, bytes.length) : Buffer.of(0, 126, bytes.length >> 8, bytes.length & 255);
    header[0] = (final ? 0x80 : 0) | opcode;
    header[1] = (header[1] ?? 0) | (masked ? 0x80 : 0);
    this.socket.write(Buffer.concat([header, masked ? mask : Buffer.alloc(0), masked ? bytes.map((byte, index) => byte ^ (mask[index & 3] ?? 0)) : bytes]));
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

const cat = (...options: string[]): Promise<string> => engine.ok("run", "-d", "-i", "--network", "none", ...options, BUSYBOX, "cat");

test("input and output over a WebSocket, in binary frames", async () => {
  const id = await cat();
  const { client, head } = await WebSocketClient.open(`/containers/${id}/attach/ws?stream=1&stdin=1&stdout=1&stderr=1`);
  using _client = client;
  expect(head).toStartWith("HTTP/1.1 101 Switching Protocols\r\n");
  expect(head).toContain("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n");
  client.send(2, "hello\n");
  await client.until(() => client.text === "hello\n");
  expect(client.frames[0]?.opcode).toBe(2);
  await engine.ok("rm", "-f", id);
});

test("fragments and pings between them, and long messages", async () => {
  const id = await cat();
  const { client } = await WebSocketClient.open(`/containers/${id}/attach/ws?stream=1&stdin=1&stdout=1`);
  using _client = client;
  client.send(1, "one ", { final: false });
  client.send(9, "are you there");
  client.send(0, "two\n");
  await client.until(() => client.text === "one two\n" && client.frames.some(({ opcode, payload }) => opcode === 10 && payload.toString() === "are you there"));
  client.send(2, `${"x".repeat(50_000)}\n`);
  await client.until(() => client.text.length === 8 + 50_001);
  await engine.ok("rm", "-f", id);
});

test("the container's end closes the WebSocket", async () => {
  const id = await engine.ok("create", "--network", "none", BUSYBOX, "sh", "-c", "echo out; echo err >&2");
  const { client } = await WebSocketClient.open(`/containers/${id}/attach/ws?stream=1&stdout=1&stderr=1`);
  using _client = client;
  await engine.ok("start", id);
  await client.until(() => client.frames.some(({ opcode }) => opcode === 8));
  expect(client.text.split("\n").sort()).toEqual(["", "err", "out"]);
  expect(client.frames.find(({ opcode }) => opcode === 8)?.payload.readUInt16BE(0)).toBe(1000);
});

test("a client's close is answered, and the container goes on", async () => {
  const id = await cat();
  const { client } = await WebSocketClient.open(`/containers/${id}/attach/ws?stream=1&stdin=1&stdout=1`);
  using _client = client;
  client.send(8, Buffer.of(3, 232));
  await client.until(() => client.frames.some(({ opcode }) => opcode === 8));
  expect(await engine.ok("inspect", "-f", "{{.State.Running}}", id)).toBe("true");
  await engine.ok("rm", "-f", id);
});

test.each([
  ["a frame without a mask", (client: WebSocketClient) => client.send(2, "x", { masked: false })],
  ["a reserved opcode", (client: WebSocketClient) => client.send(3, "x")],
  ["a continuation of nothing", (client: WebSocketClient) => client.send(0, "x")],
  ["a control frame in pieces", (client: WebSocketClient) => client.send(9, "x", { final: false })],
])("%s is a protocol error", async (_name, speak) => {
  const id = await cat();
  const { client } = await WebSocketClient.open(`/containers/${id}/attach/ws?stream=1&stdin=1&stdout=1`);
  using _client = client;
  speak(client);
  await client.until(() => client.frames.some(({ opcode, payload }) => opcode === 8 && payload.readUInt16BE(0) === 1002));
  await engine.ok("rm", "-f", id);
});

test("what has been written comes first with logs=1", async () => {
  const id = await engine.ok("run", "-d", "-i", "--network", "none", BUSYBOX, "sh", "-c", "echo before; cat");
  using ready = engine.live("logs", "-f", id);
  await ready.until("before");
  const { client } = await WebSocketClient.open(`/containers/${id}/attach/ws?logs=1&stream=1&stdin=1&stdout=1`);
  using _client = client;
  client.send(2, "after\n");
  await client.until(() => client.text === "before\nafter\n");
  await engine.ok("rm", "-f", id);
});

test("refusals are ordinary answers", async () => {
  const missing = await WebSocketClient.open("/containers/nope/attach/ws?stream=1");
  using _missing = missing.client;
  expect(missing.head).toStartWith("HTTP/1.1 404");
  const id = await cat();
  const plain = await engine.api("GET", `/containers/${id}/attach/ws?stream=1`);
  expect(plain.status).toBe(400);
  await engine.ok("rm", "-f", id);
});
