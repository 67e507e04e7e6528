import { createReadStream, createWriteStream, renameSync, rmSync } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { crc32, createDeflateRaw } from "node:zlib";

const CHUNK_BYTES = 256 * 1024;

/**
 * gzip with the time of the last line in the header, where Docker looks for it (RFC 1952: FEXTRA). The file itself goes when
 * the compressed one is whole.
 */
export async function compressFile(path: string, lastTime: string): Promise<void> {
  const target = `${path}.gz`;
  await pipeline(Readable.from(gzipOf(path, lastTime)), createWriteStream(`${target}.new`, { mode: 0o640 }));
  renameSync(`${target}.new`, target);
  rmSync(path, { force: true });
}

async function* gzipOf(path: string, lastTime: string): AsyncGenerator<Buffer> {
  const extra = Buffer.from(JSON.stringify({ lastTime }));
  yield Buffer.concat([Buffer.of(0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, extra.length & 0xff, extra.length >> 8), extra]);
  let crc = 0;
  let bytes = 0;
  const source = createReadStream(path, { highWaterMark: CHUNK_BYTES });
  const counted = async function* (): AsyncGenerator<Buffer> {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      crc = crc32(chunk, crc);
      bytes += chunk.length;
      yield chunk;
    }
  };
  const deflate = createDeflateRaw({ chunkSize: CHUNK_BYTES });
  const feeding = pipeline(Readable.from(counted()), deflate);
  for await (const chunk of deflate as AsyncIterable<Buffer>) yield chunk;
  await feeding;
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc >>> 0, 0);
  trailer.writeUInt32LE(bytes >>> 0, 4);
  yield trailer;
}
