import { constants, createGunzip, createZstdDecompress } from "node:zlib";
import type { Duplex } from "node:stream";
import { EngineError, messageOf } from "../base/mod.ts";
import { startDecompressor, type Filter } from "../linux/mod.ts";
import { ZstdFrames } from "./zstd-frames.ts";

export type Compression = "none" | "gzip" | "zstd" | "bzip2" | "xz";

/** Bytes that `sniffCompression` wants to see. */
export const MAGIC_BYTES = 10;

/** What the first bytes say; anything unknown is "none" and left to the tar reader's judgement. */
export function sniffCompression(head: Uint8Array): Compression {
  const starts = (...magic: number[]) => magic.every((byte, index) => head[index] === byte);
  if (starts(0x1f, 0x8b)) return "gzip";
  if (starts(0x28, 0xb5, 0x2f, 0xfd)) return "zstd";
  // A skippable frame in front of the first real one (RFC 8878, 3.1.2), as zstd:chunked and pzstd write.
  if (((head[0] ?? 0) & 0xf0) === 0x50 && head[1] === 0x2a && head[2] === 0x4d && head[3] === 0x18) return "zstd";
  if (starts(0x42, 0x5a, 0x68)) return "bzip2";
  if (starts(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00)) return "xz";
  return "none";
}

/** Large pieces: each crossing between threads costs more than its bytes. */
const CHUNK_BYTES = 1024 * 1024;
/** Memory that a zstd frame's window may ask for: 128 MiB, what the format asks every reader to have. */
const ZSTD_WINDOW_LOG = 27;

/**
 * Ready to decompress one stream. xz and bzip2 run as child processes; making this before a chroot lets them start.
 */
export interface Decompressor extends Disposable {
  /** The plain bytes; the source is read only as fast as they are taken. @throws EngineError InvalidParameter when the data is corrupt or cut short */
  run(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
}

/** @throws EngineError System when the program for this compression is not installed */
export function prepareDecompressor(compression: Compression): Decompressor {
  switch (compression) {
    case "none":
      return { run: (source) => source, [Symbol.dispose]() {} };
    case "gzip":
    case "zstd":
      return { run: (source) => throughZlib(source, compression), [Symbol.dispose]() {} };
    case "bzip2":
    case "xz": {
      const filter = startDecompressor(compression);
      return { run: (source) => throughFilter(source, filter, compression), [Symbol.dispose]: () => filter.kill() };
    }
    default:
      return compression satisfies never;
  }
}

/** Sniffs and decompresses in one. */
export async function* decompress(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  const { head, rest } = await peek(source, MAGIC_BYTES);
  using decompressor = prepareDecompressor(sniffCompression(head));
  yield* decompressor.run(rest);
}

/** The first bytes of a stream, and the stream with them still in front. */
export async function peek(source: AsyncIterable<Uint8Array>, bytes: number): Promise<{ head: Uint8Array; rest: AsyncIterable<Uint8Array> }> {
  const iterator = source[Symbol.asyncIterator]();
  const seen: Uint8Array[] = [];
  let length = 0;
  while (length < bytes) {
    const next = await iterator.next();
    if (next.done) break;
    seen.push(next.value);
    length += next.value.length;
  }
  const head = Buffer.concat(seen);
  async function* rest(): AsyncGenerator<Uint8Array, void, void> {
    try {
      if (head.length > 0) yield head;
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
    } finally {
      await iterator.return?.();
    }
  }
  return { head: head.subarray(0, bytes), rest: rest() };
}

function throughZlib(source: AsyncIterable<Uint8Array>, compression: "gzip" | "zstd"): AsyncIterable<Uint8Array> {
  const stream = compression === "gzip"
    ? createGunzip({ chunkSize: CHUNK_BYTES })
    : createZstdDecompress({ chunkSize: CHUNK_BYTES, params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG } });
  return throughDuplex(compression === "zstd" ? wholeFrames(source) : source, stream as unknown as Duplex, compression);
}

/** Fails at the end of a stream whose last frame is not whole. */
async function* wholeFrames(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  const frames = new ZstdFrames();
  for await (const chunk of source) {
    frames.push(chunk);
    yield chunk;
  }
  if (!frames.complete) throw corrupt("zstd", "unexpected end of file");
}

async function* throughDuplex(source: AsyncIterable<Uint8Array>, stream: Duplex, compression: Compression): AsyncGenerator<Uint8Array, void, void> {
  let sourceFailure: unknown;
  const feeding = feed(source, stream).catch((error: unknown) => {
    sourceFailure = error;
    stream.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  try {
    for await (const chunk of stream) yield chunk as Uint8Array;
    await feeding;
  } catch (error) {
    throw sourceFailure ?? corrupt(compression, messageOf(error));
  } finally {
    stream.destroy();
  }
}

async function feed(source: AsyncIterable<Uint8Array>, stream: Duplex): Promise<void> {
  for await (const chunk of source) {
    if (stream.destroyed || stream.writableEnded) return;
    if (stream.write(chunk)) continue;
    await new Promise<void>((resolve) => {
      const done = () => {
        stream.off("drain", done).off("close", done).off("error", done);
        resolve();
      };
      stream.on("drain", done).on("close", done).on("error", done);
    });
  }
  stream.end();
}

async function* throughFilter(source: AsyncIterable<Uint8Array>, filter: Filter, compression: Compression): AsyncGenerator<Uint8Array, void, void> {
  const feeding = (async () => {
    for await (const chunk of source) if (!(await filter.write(chunk))) return;
    filter.end();
  })();
  feeding.catch(() => filter.kill());
  try {
    for await (const chunk of filter.output) yield chunk;
    await feeding;
    const failure = await filter.finished;
    if (failure !== undefined) throw corrupt(compression, failure);
  } finally {
    filter.kill();
  }
}

function corrupt(compression: Compression, reason: string): EngineError {
  return new EngineError("InvalidParameter", `the ${compression} data is corrupt or cut short: ${reason}`);
}
