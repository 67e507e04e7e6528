import { forbidTracing, readFd, writeFd } from "../linux/mod.ts";
import { GzipHelper } from "./gzip-helper.ts";
import type { GrowingProcess } from "./growing.ts";
import { reportFailure } from "./report.ts";

/** Packs bytes as gzip: the same bytes always the same way. */
export interface Compressor {
  /** Reads as fast as what it yields is taken; throws what the source throws. */
  gzip(source: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncIterable<Uint8Array>;
}

/** Runs `hako` with these arguments (`__gzip`). */
export type LaunchGzip = (argv: readonly string[]) => Promise<GrowingProcess>;

/** Each is a member of its own (RFC 1952, 2.2), so that several can be packed at a time. */
const BLOCK_BYTES = 1024 * 1024;
/** Within a thirtieth of the size of zlib's level 6, in a third of its time. */
const OPTIONS = { level: 1, library: "libdeflate" } as const;
/** Blocks under way for each helper: one that is being packed and one that waits. */
const BLOCKS_PER_HELPER = 2;
/** After the last use: a push packs layer after layer. */
const IDLE_MS = 1000;

/** In processes of their own, which share the blocks of all that is packed: packing takes all of a processor. */
export function helperCompressor(launch: LaunchGzip, helpers = 2): Compressor {
  const running: GzipHelper[] = [];
  let users = 0;
  let idle: ReturnType<typeof setTimeout> | undefined;
  const pack = (block: Uint8Array): Promise<Uint8Array> => {
    const free = running.toSorted((a, b) => a.pending - b.pending)[0];
    if (free && (free.pending === 0 || running.length >= helpers)) return free.pack(block);
    const helper: GzipHelper = new GzipHelper(launch(["__gzip"]), () => {
      if (running.includes(helper)) running.splice(running.indexOf(helper), 1);
    });
    running.push(helper);
    return helper.pack(block);
  };
  return {
    async *gzip(source, signal) {
      clearTimeout(idle);
      users++;
      try {
        yield* packed(source, pack, helpers * BLOCKS_PER_HELPER, signal);
      } finally {
        if (--users === 0) idle = setTimeout(() => running.splice(0).forEach((helper) => helper.end()), IDLE_MS).unref();
      }
    },
  };
}

/** The same in this process, for tests. */
export function inProcessCompressor(): Compressor {
  return { gzip: (source, signal) => packed(source, (block) => Promise.resolve(packBlock(block)), 1, signal) };
}

/** Cuts at the same places however the bytes come; some blocks ahead of the one that is given out. */
async function* packed(source: AsyncIterable<Uint8Array>, pack: (block: Uint8Array) => Promise<Uint8Array>, ahead: number, signal: AbortSignal): AsyncGenerator<Uint8Array, void, void> {
  const pending: Promise<Uint8Array>[] = [];
  let any = false;
  for await (const block of blocks(source)) {
    signal.throwIfAborted();
    any = true;
    const packing = pack(block);
    // Awaited in its turn, unless an earlier one fails.
    packing.catch(() => undefined);
    pending.push(packing);
    if (pending.length >= ahead) yield (await pending.shift()) as Uint8Array;
  }
  if (!any) pending.push(pack(new Uint8Array()));
  for (const packing of pending) yield await packing;
}

async function* blocks(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  let block = new Uint8Array(BLOCK_BYTES);
  let filled = 0;
  for await (const piece of source) {
    for (let offset = 0; offset < piece.length; ) {
      const part = piece.subarray(offset, offset + BLOCK_BYTES - filled);
      block.set(part, filled);
      filled += part.length;
      offset += part.length;
      if (filled < BLOCK_BYTES) continue;
      yield block;
      block = new Uint8Array(BLOCK_BYTES);
      filled = 0;
    }
  }
  if (filled > 0) yield block.subarray(0, filled);
}

const packBlock = (block: Uint8Array): Uint8Array => Bun.gzipSync(block as Uint8Array<ArrayBuffer>, OPTIONS);

/** The hidden command `hako __gzip`: blocks over stdin and stdout, each behind its length in four bytes (big-endian). */
export function gzipMain(): number {
  try {
    forbidTracing();
    const head = new Uint8Array(new ArrayBuffer(4));
    const buffer = new Uint8Array(new ArrayBuffer(BLOCK_BYTES));
    while (readWhole(head)) {
      const length = new DataView(head.buffer).getUint32(0);
      if (length > BLOCK_BYTES || !readWhole(buffer.subarray(0, length))) return 1;
      const out = packBlock(buffer.subarray(0, length));
      new DataView(head.buffer).setUint32(0, out.length);
      writeFd(1, head);
      writeFd(1, out);
    }
    return 0;
  } catch (error) {
    reportFailure(error);
    return 1;
  }
}

/** False at the end. */
function readWhole(bytes: Uint8Array<ArrayBuffer>): boolean {
  for (let filled = 0; filled < bytes.length; ) {
    const length = readFd(0, bytes.subarray(filled));
    if (length === 0) return false;
    filled += length;
  }
  return true;
}
