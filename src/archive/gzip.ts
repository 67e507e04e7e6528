import { EngineError } from "../base/mod.ts";
import { forbidTracing, readFd, writeFd } from "../linux/mod.ts";
import type { GrowingProcess } from "./growing.ts";
import { reportFailure } from "./report.ts";

/** Packs bytes as gzip: the same bytes always the same way. */
export interface Compressor {
  /** Reads as fast as what it yields is taken; throws what the source throws. */
  gzip(source: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncIterable<Uint8Array>;
}

/** Runs `hako` with these arguments (`__gzip`). */
export type LaunchGzip = (argv: readonly string[]) => Promise<Pick<GrowingProcess, "stdin" | "stdout" | "exited" | "kill">>;

/** Blocks are members of their own (RFC 1952, 2.2), so that each can be packed at once and the fastest library serves. */
const BLOCK_BYTES = 1024 * 1024;
/** As small as zlib's level 6, in less than half of its time. */
const OPTIONS = { level: 3, library: "libdeflate" } as const;

/** In processes of their own: packing takes all of a processor. */
export function helperCompressor(launch: LaunchGzip): Compressor {
  return {
    async *gzip(source, signal) {
      signal.throwIfAborted();
      const process = await launch(["__gzip"]);
      const kill = (): void => void process.kill().catch(() => undefined);
      signal.addEventListener("abort", kill);
      let failure: unknown;
      const feeding = feed(source, process).catch((error: unknown) => {
        failure = error;
        kill();
      });
      try {
        yield* process.stdout;
        await feeding;
        signal.throwIfAborted();
        if (failure !== undefined) throw failure;
        const code = await process.exited;
        if (code !== 0) throw new EngineError("System", `the helper that compresses ended with ${code}`);
      } finally {
        signal.removeEventListener("abort", kill);
        kill();
        await feeding;
      }
    },
  };
}

async function feed(source: AsyncIterable<Uint8Array>, { stdin }: Pick<GrowingProcess, "stdin">): Promise<void> {
  for await (const piece of source) await stdin.write(piece);
  stdin.end();
}

/** The same in this process, for tests. */
export function inProcessCompressor(): Compressor {
  return {
    async *gzip(source) {
      const blocks = new Blocks();
      for await (const piece of source) yield* blocks.push(piece);
      yield* blocks.finish();
    },
  };
}

/** The hidden command `hako __gzip`: stdin to stdout. */
export function gzipMain(): number {
  try {
    forbidTracing();
    const blocks = new Blocks();
    const buffer = new Uint8Array(new ArrayBuffer(BLOCK_BYTES));
    for (let length = readFd(0, buffer); length > 0; length = readFd(0, buffer)) for (const packed of blocks.push(buffer.subarray(0, length))) writeFd(1, packed);
    for (const packed of blocks.finish()) writeFd(1, packed);
    return 0;
  } catch (error) {
    reportFailure(error);
    return 1;
  }
}

/** Cuts at the same places however the bytes come. */
class Blocks {
  readonly #block = new Uint8Array(new ArrayBuffer(BLOCK_BYTES));
  #filled = 0;
  #any = false;

  *push(piece: Uint8Array): Generator<Uint8Array, void, void> {
    for (let offset = 0; offset < piece.length; ) {
      const part = piece.subarray(offset, offset + BLOCK_BYTES - this.#filled);
      this.#block.set(part, this.#filled);
      this.#filled += part.length;
      offset += part.length;
      if (this.#filled === BLOCK_BYTES) yield this.#pack();
    }
  }

  *finish(): Generator<Uint8Array, void, void> {
    if (this.#filled > 0 || !this.#any) yield this.#pack();
  }

  #pack(): Uint8Array {
    const packed = Bun.gzipSync(this.#block.subarray(0, this.#filled), OPTIONS);
    this.#filled = 0;
    this.#any = true;
    return packed;
  }
}
