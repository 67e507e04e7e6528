import { packBlock } from "./gzip-block.ts";
import { GzipHelpers } from "./gzip-helpers.ts";
import type { LaunchGrowing } from "./growing.ts";
import { emptySlot, type Slot } from "./packing-memory.ts";

/** Bytes to be packed, each once. */
export interface ByteSource extends AsyncDisposable {
  /** Fills the target as far as there are more; 0 at the end. */
  read(target: Uint8Array): Promise<number>;
}

/** Packs bytes as gzip: the same bytes always the same way. */
export interface Compressor {
  /** Reads as fast as what it yields is taken; each piece is valid until the next is asked for. Throws what the source throws. */
  gzip(source: () => Promise<ByteSource>, signal: AbortSignal): AsyncIterable<Uint8Array>;
}

/** Packs so many bytes of the slot's input. @returns its output */
type Pack = (slot: Slot, length: number) => Promise<Uint8Array>;

/** Of one source: as many as keep two helpers busy while one is given out. */
const SLOTS_EACH = 4;
/** Further ones wait. */
const SOURCES_AT_ONCE = 2;

/** In processes of their own, which share the blocks of all that is packed: packing takes all of a processor. @param launch runs `hako __gzip` */
export function helperCompressor(launch: LaunchGrowing): Compressor {
  const helpers = new GzipHelpers(launch, SLOTS_EACH, SOURCES_AT_ONCE);
  return {
    async *gzip(source, signal) {
      const slots = await helpers.acquire();
      try {
        yield* packed(source, slots, (slot, length) => helpers.pack(slot, length), signal);
      } finally {
        helpers.giveBack(slots);
      }
    },
  };
}

/** The same in this process, for tests. */
export function inProcessCompressor(): Compressor {
  const pack: Pack = async ({ input, output }, length) => output.subarray(0, packBlock(input.subarray(0, length), output, 0));
  return { gzip: (source, signal) => packed(source, [emptySlot(0), emptySlot(1)], pack, signal) };
}

/** Cuts at the same places however the bytes come. At its end nobody uses the slots. */
async function* packed(open: () => Promise<ByteSource>, slots: readonly Slot[], pack: Pack, signal: AbortSignal): AsyncGenerator<Uint8Array, void, void> {
  await using source = await open();
  const pending: Promise<Uint8Array>[] = [];
  try {
    for (let count = 0; ; count++) {
      signal.throwIfAborted();
      const slot = slots[count % slots.length] as Slot;
      const length = await source.read(slot.input);
      if (length === 0 && count > 0) break;
      const packing = pack(slot, length);
      // Awaited in its turn, unless an earlier one fails.
      packing.catch(() => undefined);
      pending.push(packing);
      if (pending.length === slots.length) yield (await pending.shift()) as Uint8Array;
    }
    while (pending.length > 0) yield (await pending.shift()) as Uint8Array;
  } finally {
    await Promise.allSettled(pending);
  }
}

/** What comes in pieces, read as a file is. */
export function readable(pieces: AsyncIterable<Uint8Array>): ByteSource {
  const iterator = pieces[Symbol.asyncIterator]();
  let held: Uint8Array = new Uint8Array();
  return {
    async read(target) {
      let filled = 0;
      while (filled < target.length) {
        if (held.length === 0) {
          const next = await iterator.next();
          if (next.done) break;
          held = next.value;
        }
        const part = held.subarray(0, target.length - filled);
        target.set(part, filled);
        filled += part.length;
        held = held.subarray(part.length);
      }
      return filled;
    },
    async [Symbol.asyncDispose]() {
      await iterator.return?.();
    },
  };
}
