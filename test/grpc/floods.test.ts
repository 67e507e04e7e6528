/** What a peer may send without end costs neither memory nor patience. */
import { expect, test } from "bun:test";
import { EngineError } from "../../src/base/mod.ts";
import { readMessages, UnfinishedMessages } from "../../src/grpc/messages.ts";
import { serveCalls, type Call } from "../../src/grpc/mod.ts";
import { encodeFrame, FLAG, FRAME, FrameReader, PREFACE, SETTING, type Frame } from "../../src/grpc/http2/frame.ts";
import { encodeHeaders } from "../../src/grpc/http2/hpack.ts";
import { Http2Stream } from "../../src/grpc/http2/stream.ts";
import { duplexPair } from "../build/duplex-pair.ts";

const NOTHING = new Uint8Array(0);
const open = (stream: number, path = "/s/Stay"): Uint8Array[] => encodeFrame(FRAME.headers, FLAG.endHeaders, stream, encodeHeaders([[":method", "POST"], [":path", path]]));
const ping = encodeFrame(FRAME.ping, 0, 0, Buffer.from("12345678"));

class Peer {
  readonly frames: Frame[] = [];
  readonly served: Promise<void>;
  readonly #duplex = duplexPair();
  readonly #reading: Promise<void>;

  constructor() {
    const [left, right] = this.#duplex;
    this.served = serveCalls(right, new Map([["/s/Stay", (call: Call) => new Promise<void>((resolve) => call.signal.addEventListener("abort", () => resolve()))], ["/s/Now", async (call: Call) => void (await call.request())]]));
    this.#reading = (async () => {
      const reader = new FrameReader(false);
      for await (const chunk of left.input) for (const frame of reader.push(chunk)) this.frames.push(frame);
    })();
  }

  async send(...pieces: readonly Uint8Array[]): Promise<void> {
    await this.#duplex[0].write(Buffer.concat(pieces));
  }

  /** Waits until something of the kind has come. */
  async until(wanted: (frame: Frame) => boolean): Promise<void> {
    while (!this.frames.some(wanted)) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Whether the connection is still in use: asked by a ping. */
  async answers(): Promise<void> {
    await this.send(...ping);
    await this.until(({ type, flags }) => type === FRAME.ping && (flags & FLAG.ack) !== 0);
  }

  async close(): Promise<void> {
    this.#duplex[0].end();
    await this.served;
    await this.#reading;
  }
}

test("streams above the limit are refused, however many, and the others go on", async () => {
  const peer = new Peer();
  await peer.send(PREFACE);
  for (let from = 0; from < 20_000; from += 1000) await peer.send(...Array.from({ length: 1000 }, (_, n) => open((from + n) * 2 + 1)).flat());
  await peer.answers();
  expect(peer.frames.filter(({ type }) => type === FRAME.reset)).toHaveLength(19_900);
  await peer.close();
});

test("calls that end at once may come without end", async () => {
  const peer = new Peer();
  await peer.send(PREFACE);
  for (let n = 0; n < 5000; n++) await peer.send(...open(n * 2 + 1, n % 2 === 0 ? "/s/Nothing" : "/s/Now"), ...encodeFrame(FRAME.data, FLAG.endStream, n * 2 + 1, NOTHING));
  await peer.answers();
  expect(peer.frames.filter(({ type }) => type === FRAME.goAway)).toEqual([]);
  await peer.close();
});

test("calls that are given up between others that are not may come without end", async () => {
  const peer = new Peer();
  await peer.send(PREFACE);
  for (let n = 0; n < 3000; n++) await peer.send(...open(n * 4 + 1), ...encodeFrame(FRAME.reset, 0, n * 4 + 1, Buffer.from([0, 0, 0, 8])), ...open(n * 4 + 3, "/s/Now"), ...encodeFrame(FRAME.data, FLAG.endStream, n * 4 + 3, NOTHING));
  await peer.answers();
  expect(peer.frames.filter(({ type }) => type === FRAME.goAway)).toEqual([]);
  await peer.close();
});

test("settings that change all windows again and again in one frame are one change", async () => {
  const settings = Buffer.alloc(6 * 2700);
  for (let at = 0; at < settings.length; at += 6) {
    settings.writeUInt16BE(SETTING.initialWindow, at);
    settings.writeUInt32BE(at % 2 === 0 ? 2 ** 31 - 1 : 0, at + 2);
  }
  const peer = new Peer();
  await peer.send(PREFACE, ...Array.from({ length: 100 }, (_, n) => open(n * 2 + 1)).flat());
  for (let round = 0; round < 200; round++) await peer.send(...encodeFrame(FRAME.settings, 0, 0, settings));
  await peer.answers();
  await peer.close();
});

test("header tables as large as they may be, emptied and filled again, and lists that unfold", async () => {
  const peer = new Peer();
  await peer.send(PREFACE);
  // A literal with a name of its own that the table remembers, of 4,000 bytes; then the table of no size, and of the largest.
  const entry = Buffer.concat([Buffer.from([0x40, 1, 0x78, 0x7f, 0xa1, 0x1e]), Buffer.alloc(4000, "v")]);
  for (let n = 0; n < 300; n++) await peer.send(...encodeFrame(FRAME.headers, FLAG.endHeaders | FLAG.endStream, n * 2 + 1, Buffer.concat([Buffer.from([0x20, 0x3f, 0xe1, 0x1f]), entry])));
  await peer.answers();
  // The same entry a hundred times, in a byte each.
  await peer.send(...encodeFrame(FRAME.headers, FLAG.endHeaders, 10_001, Buffer.alloc(100, 0xbe)));
  await peer.until(({ type }) => type === FRAME.goAway);
  await peer.close();
});

test("bytes that come one by one cost no more than themselves", async () => {
  const stream = new Http2Stream({ headers: () => undefined, data: async () => undefined, consumed: () => undefined, reset: () => undefined });
  for (let n = 0; n < 300_000; n++) stream.receive(n % 100 === 0 ? Buffer.alloc(65_536).subarray(7, 8) : Buffer.of(0), n === 299_999);
  let [pieces, bytes, held] = [0, 0, 0];
  for await (const piece of stream.input) {
    pieces++;
    bytes += piece.length;
    held += piece.buffer.byteLength;
  }
  expect([bytes, pieces <= 1024]).toEqual([300_000, true]);
  expect(held).toBeLessThan(16 * 1024 * 1024);
});

function message(length: number): Buffer {
  const bytes = Buffer.alloc(5 + length, "m");
  bytes[0] = 0;
  bytes.writeUInt32BE(length, 1);
  return bytes;
}

async function* inPieces(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array, void, void> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

test("messages are the same however they are cut", async () => {
  const all = [0, 1, 5, 4096, 0, 70_000, 3].map(message);
  for (const length of [1, 2, 5, 6, 1000, 1_000_000]) {
    const lengths: number[] = [];
    for await (const each of readMessages(inPieces(Buffer.concat(all), length), new UnfinishedMessages())) {
      expect(each.every((byte) => byte === "m".charCodeAt(0))).toBe(true);
      lengths.push(each.length);
    }
    expect(lengths).toEqual([0, 1, 5, 4096, 0, 70_000, 3]);
  }
  const wrong: readonly (readonly [Uint8Array, string])[] = [[message(10).subarray(0, 12), "cut off"], [Buffer.from([1, 0, 0, 0, 0]), "compressed"], [Buffer.from([0, 255, 255, 255, 255]), "too long"]];
  for (const [bytes, why] of wrong) for (const length of [1, 100]) expect(await Array.fromAsync(readMessages(inPieces(bytes, length), new UnfinishedMessages())).then(() => "read", String)).toContain(why);
});

test("long messages that are begun on many streams and never end are refused together, and given back with their streams", async () => {
  const unfinished = new UnfinishedMessages();
  const stop = new AbortController();
  const begun = async function* (): AsyncGenerator<Uint8Array, void, void> {
    yield message(15_000_000).subarray(0, 14_000_000);
    await new Promise<void>((_, reject) => stop.signal.addEventListener("abort", () => reject(new EngineError("Unavailable", "gone"))));
  };
  const reading = Array.from({ length: 8 }, () => readMessages(begun(), unfinished).next().then(() => "read", String));
  const first = await Promise.race(reading);
  expect(first).toContain("too many long messages");
  stop.abort();
  const outcomes = await Promise.all(reading);
  expect([outcomes.filter((outcome) => outcome.includes("too many")).length, outcomes.filter((outcome) => outcome.includes("gone")).length]).toEqual([6, 2]);
  for (let round = 0; round < 5; round++) expect((await readMessages(inPieces(message(15_000_000), 10_000_000), unfinished).next()).value?.length).toBe(15_000_000);
});
