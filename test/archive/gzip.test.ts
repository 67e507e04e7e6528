/** How layers are packed for a registry: readable for everybody, the same each time, and without time spent on what cannot be made smaller. */
import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { packBlock } from "../../src/archive/gzip-block.ts";
import { helperCompressor, inProcessCompressor, readable, type GrowingProcess } from "../../src/archive/mod.ts";
import { slotOf } from "../../src/archive/packing-memory.ts";
import { mapShared } from "../../src/linux/mod.ts";

const MIB = 1 << 20;
const NOBODY = new AbortController().signal;

/** The same noise each time. */
function noise(bytes: number): Uint8Array {
  const out = Buffer.alloc(Math.ceil(bytes / 32) * 32);
  for (let at = 0; at < out.length; at += 32) createHash("sha256").update(`noise ${at}`).digest().copy(out, at);
  return out.subarray(0, bytes);
}

async function* inPieces(bytes: Uint8Array, pieceBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

async function packed(bytes: Uint8Array, pieceBytes = 100_000): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of inProcessCompressor().gzip(async () => readable(inPieces(bytes, pieceBytes)), NOBODY)) pieces.push(piece.slice());
  return Buffer.concat(pieces);
}

const text = Buffer.from(Array.from({ length: 40_000 }, (_, line) => `line ${line} of a text whose words come again\n`).join(""));
const contents: Record<string, Uint8Array> = {
  nothing: new Uint8Array(),
  "a few bytes": Buffer.from("abc"),
  text,
  noise: noise(3 * MIB + 12_345),
  "a block and no more": noise(MIB),
  "text between noise": Buffer.concat([noise(300_000), text.subarray(0, 700_000), noise(900_000), new Uint8Array(500_000)]),
  "noise that comes again": Buffer.concat(Array.from({ length: 200 }, () => noise(10_007))),
};

test.each(Object.entries(contents))("%s is packed for any reader of gzip, and the same however it comes", async (_, bytes) => {
  const whole = await packed(bytes);
  expect(Buffer.compare(gunzipSync(whole), bytes)).toBe(0);
  const reader = Bun.spawn(["gzip", "-dc"], { stdin: whole, stdout: "pipe" });
  expect(Buffer.compare(Buffer.from(await new Response(reader.stdout).arrayBuffer()), bytes)).toBe(0);
  expect(await reader.exited).toBe(0);
  expect(Buffer.compare(await packed(bytes, 7_919), whole)).toBe(0);
}, 60_000);

test("what comes again is packed, noise costs next to nothing", async () => {
  const size = async (name: string): Promise<number> => (await packed(contents[name] as Uint8Array)).length / (contents[name] as Uint8Array).length;
  expect(await size("text")).toBeLessThan(0.15);
  expect(await size("noise that comes again")).toBeLessThan(0.1);
  expect(await size("noise")).toBeLessThan(1.001);
  expect(await size("text between noise")).toBeLessThan(0.6);
}, 60_000);

test("a source that fails ends it in the source's words, and whoever stops early lets the source go", async () => {
  let left = 0;
  const source = async function* (): AsyncGenerator<Uint8Array> {
    try {
      yield noise(5 * MIB);
      throw new Error("the disk is gone");
    } finally {
      left++;
    }
  };
  const pieces = (): AsyncIterable<Uint8Array> => inProcessCompressor().gzip(async () => readable(source()), NOBODY);
  await expect(Array.fromAsync(pieces())).rejects.toThrow("the disk is gone");
  for await (const _ of pieces()) break;
  expect(left).toBe(2);
});

/** Packs in this process what is in the memory that it is given; ends without an answer to the order with number `last`. */
function helper(file: number, last: number): GrowingProcess {
  const memory = mapShared(file);
  const output = new TransformStream<Uint8Array, Uint8Array>();
  const writer = output.writable.getWriter();
  const close = (): void => void writer.close().catch(() => undefined);
  let orders = 0;
  const write = async (bytes: Uint8Array): Promise<void> => {
    const order = Buffer.from(bytes);
    const { input, output: target } = slotOf(memory, order.readUInt32BE(0));
    if (orders++ === last) return close();
    const answer = Buffer.alloc(4);
    answer.writeUInt32BE(packBlock(input.subarray(0, order.readUInt32BE(4)), target, 0));
    void writer.write(answer).catch(() => undefined);
  };
  return { exited: Promise.resolve(0), stdin: { write, end: close }, stdout: output.readable as unknown as AsyncIterable<Uint8Array>, kill: async () => close() };
}

test("a helper that is killed costs nothing but time; what kills all of them ends the work", async () => {
  const bytes = noise(9 * MIB + 1);
  const through = async (lastOf: (launched: number) => number): Promise<Buffer> => {
    let launched = 0;
    const compressor = helperCompressor(async ({ file }) => helper(file, lastOf(launched++)));
    const pieces: Uint8Array[] = [];
    for await (const piece of compressor.gzip(async () => readable(inPieces(bytes, 100_000)), NOBODY)) pieces.push(piece.slice());
    return Buffer.concat(pieces);
  };
  const whole = await packed(bytes);
  expect(Buffer.compare(await through(() => Number.POSITIVE_INFINITY), whole)).toBe(0);
  expect(Buffer.compare(await through((launched) => (launched === 0 ? 1 : Number.POSITIVE_INFINITY)), whole)).toBe(0);
  await expect(through(() => 0)).rejects.toThrow("the helper that compresses has ended");
}, 60_000);
