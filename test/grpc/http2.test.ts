/** gRPC over HTTP/2 on a connection that is there already, with well-meaning and other peers. */
import { expect, test } from "bun:test";
import { EngineError } from "../../src/base/mod.ts";
import { Caller, CallFailed, serveCalls, STATUS, type Call } from "../../src/grpc/mod.ts";
import { encodeFrame, FLAG, FRAME, FrameReader, PREFACE } from "../../src/grpc/http2/frame.ts";
import { encodeHeaders, HeaderDecoder } from "../../src/grpc/http2/hpack.ts";
import { decodeHuffman } from "../../src/grpc/http2/huffman.ts";
import { duplexPair } from "../build/duplex-pair.ts";
import { random, seed } from "../seeded-random.ts";

const hex = (text: string): Uint8Array => Buffer.from(text.replaceAll(" ", ""), "hex");
const NOTHING = new Uint8Array(0);

function connect(methods: Record<string, (call: Call) => Promise<void>>): { caller: Caller; served: Promise<void> } {
  const [left, right] = duplexPair();
  const served = serveCalls(right, new Map(Object.entries(methods)));
  return { caller: new Caller(left), served };
}

test("headers are read as RFC 7541 writes them, with and without Huffman codes, one block upon the other", () => {
  expect(Buffer.from(decodeHuffman(hex("f1e3 c2e5 f23a 6ba0 ab90 f4ff"))).toString()).toBe("www.example.com");
  const plain = new HeaderDecoder();
  expect(plain.decode(hex("8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d"))).toEqual([[":method", "GET"], [":scheme", "http"], [":path", "/"], [":authority", "www.example.com"]]);
  expect(plain.decode(hex("8286 84be 5808 6e6f 2d63 6163 6865"))).toEqual([[":method", "GET"], [":scheme", "http"], [":path", "/"], [":authority", "www.example.com"], ["cache-control", "no-cache"]]);
  const coded = new HeaderDecoder();
  coded.decode(hex("8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff"));
  coded.decode(hex("8286 84be 5886 a8eb 1064 9cbf"));
  expect(coded.decode(hex("8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf"))).toEqual([[":method", "GET"], [":scheme", "https"], [":path", "/index.html"], [":authority", "www.example.com"], ["custom-key", "custom-value"]]);
  const long: [string, string][] = [["x-long", "y".repeat(20_000)], ["x-empty", ""]];
  expect(new HeaderDecoder().decode(encodeHeaders(long))).toEqual(long);
});

test("a question and its answer, and a failure with its status and message", async () => {
  const { caller, served } = connect({
    "/s/Echo": async (call) => call.send(Buffer.concat([await call.request(), Buffer.from(call.metadata("x-more") ?? "")])),
    "/s/Fail": () => Promise.reject(new EngineError("NotFound", "no such thing: 日本 100%")),
  });
  expect(Buffer.from(await caller.ask("/s/Echo", Buffer.from("hello "), [["x-more", "world"]])).toString()).toBe("hello world");
  const failure = await caller.ask("/s/Fail", NOTHING).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(CallFailed);
  expect(failure).toMatchObject({ status: STATUS.notFound, message: "no such thing: 日本 100%" });
  expect(await caller.ask("/s/Other", NOTHING).catch((error: unknown) => error)).toMatchObject({ status: STATUS.unimplemented });
  await caller.close();
  await served;
});

test("long streams go both ways at once, in more bytes than any window holds", async () => {
  const { caller, served } = connect({
    "/s/Count": async (call) => {
      for (;;) {
        const message = await call.request();
        if (message.length === 0) return;
        await call.send(message);
      }
    },
  });
  const counts = await Promise.all([1, 2, 3].map(async (fill) => {
    using call = caller.open("/s/Count");
    const sent = (async () => {
      for (let n = 0; n < 60; n++) await call.send(Buffer.alloc(200_000, fill));
      call.end();
    })();
    let bytes = 0;
    for await (const message of call.messages) bytes += message.every((byte) => byte === fill) ? message.length : 0;
    await sent;
    return bytes;
  }));
  expect(counts).toEqual([12_000_000, 12_000_000, 12_000_000]);
  await caller.close();
  await served;
});

test("a call that is given up ends at the other side, and one of a connection that goes fails", async () => {
  const gone = Promise.withResolvers<void>();
  const began = Promise.withResolvers<void>();
  const { caller, served } = connect({
    "/s/Wait": async (call) => {
      call.signal.addEventListener("abort", () => gone.resolve());
      began.resolve();
      await gone.promise;
    },
    "/s/Stay": (call) => new Promise((resolve) => call.signal.addEventListener("abort", () => resolve())),
  });
  const given = caller.open("/s/Wait");
  await began.promise;
  given[Symbol.dispose]();
  await gone.promise;
  const left = caller.ask("/s/Stay", NOTHING).catch((error: unknown) => error);
  await caller.close();
  expect(await left).toBeInstanceOf(EngineError);
  await served;
});

/** What a peer gets back for bytes that are no conversation: the connection is closed. */
async function refused(...pieces: readonly Uint8Array[]): Promise<number[]> {
  const [left, right] = duplexPair();
  const served = serveCalls(right, new Map([["/s/Stay", (call: Call) => new Promise<void>((resolve) => call.signal.addEventListener("abort", () => resolve()))]]));
  const types: number[] = [];
  const reading = (async () => {
    const reader = new FrameReader(false);
    for await (const chunk of left.input) for (const { type } of reader.push(chunk)) types.push(type);
  })();
  for (const piece of pieces) await left.write(piece).catch(() => undefined);
  await served;
  await reading;
  return types;
}

const open = (stream: number): Uint8Array[] => encodeFrame(FRAME.headers, FLAG.endHeaders, stream, encodeHeaders([[":method", "POST"], [":path", "/s/Stay"]]));
const settings = encodeFrame(FRAME.settings, 0, 0, NOTHING);

test("what no peer may send ends the connection", async () => {
  const cases: Record<string, Uint8Array[]> = {
    "another protocol": [Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n")],
    "a frame above the limit": [PREFACE, Buffer.from([0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1])],
    "headers without end": [PREFACE, ...settings, ...encodeFrame(FRAME.headers, 0, 1, NOTHING), ...Array.from({ length: 400 }, () => encodeFrame(FRAME.continuation, 0, 1, Buffer.from([]))).flat()],
    "headers that another frame interrupts": [PREFACE, ...encodeFrame(FRAME.headers, 0, 1, NOTHING), ...settings],
    "a stream of the server's": [PREFACE, ...open(2)],
    "more data than the window": [PREFACE, ...open(1), ...Array.from({ length: 70 }, () => encodeFrame(FRAME.data, 0, 1, Buffer.alloc(16_384))).flat()],
    "data of no stream": [PREFACE, ...encodeFrame(FRAME.data, 0, 9, Buffer.alloc(10))],
    "a frame that is all padding": [PREFACE, ...open(1), ...encodeFrame(FRAME.data, FLAG.padded, 1, Buffer.from([9, 0]))],
    "a window that does not grow": [PREFACE, ...encodeFrame(FRAME.windowUpdate, 0, 0, Buffer.alloc(4))],
    "a window beyond all bounds": [PREFACE, ...encodeFrame(FRAME.windowUpdate, 0, 0, hex("7fffffff"))],
    "a header that is in no table": [PREFACE, ...encodeFrame(FRAME.headers, FLAG.endHeaders, 1, hex("ff8001"))],
    "streams that are opened and dropped without end": [PREFACE, ...Array.from({ length: 2100 }, (_, n) => [...open(n * 2 + 1), ...encodeFrame(FRAME.reset, 0, n * 2 + 1, hex("00000008"))]).flat()],
  };
  for (const [name, pieces] of Object.entries(cases)) expect({ name, closes: await refused(Buffer.concat(pieces)) }).toMatchObject({ name, closes: expect.arrayContaining([FRAME.goAway]) });
});

test("whatever comes, nothing but the connection ends", async () => {
  console.log(`seed ${seed}`);
  const good = Buffer.concat([PREFACE, ...settings, ...open(1), ...encodeFrame(FRAME.data, 0, 1, Buffer.alloc(40)), ...open(3), ...encodeFrame(FRAME.ping, 0, 0, Buffer.alloc(8))]);
  for (let round = 0; round < 400; round++) {
    const bytes = round % 4 === 0 ? Buffer.concat([PREFACE, Buffer.from(Array.from({ length: random(200) }, () => random(256)))]) : Buffer.from(good);
    for (let changes = random(6); changes > 0; changes--) bytes[PREFACE.length + random(Math.max(1, bytes.length - PREFACE.length))] = random(256);
    const [left, right] = duplexPair();
    const served = serveCalls(right, new Map([["/s/Stay", async (call: Call) => void (await call.request())]]));
    for (let at = 0; at < bytes.length; ) {
      const length = 1 + random(bytes.length);
      await left.write(bytes.subarray(at, at + length)).catch(() => undefined);
      at += length;
    }
    left.end();
    await served;
  }
});

test("an answer that waits for room ends when nobody wants it any more", async () => {
  const ended = Promise.withResolvers<unknown>();
  const filled = Promise.withResolvers<void>();
  let sent = 0;
  const { caller, served } = connect({
    "/s/Much": async (call) => {
      try {
        for (;;) {
          await call.send(Buffer.alloc(100_000));
          // The connection's window is 8 MiB.
          if (++sent === 75) filled.resolve();
        }
      } catch (error) {
        ended.resolve(error);
      }
    },
  });
  // Nobody reads: first the windows of the streams are used up, then that of the connection.
  const calls = Array.from({ length: 10 }, () => caller.open("/s/Much"));
  await filled.promise;
  for (const call of calls) call[Symbol.dispose]();
  expect(await ended.promise).toBeInstanceOf(EngineError);
  await caller.close();
  await served;
});
