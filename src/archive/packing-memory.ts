import { closeFd, ftruncate, mapShared, memfdCreate, sealSize } from "../linux/mod.ts";
import { maxPackedBytes } from "./gzip-block.ts";

/** Packed for itself, so that several can be packed at a time. */
export const BLOCK_BYTES = 1024 * 1024;
const OUTPUT_BYTES = maxPackedBytes(BLOCK_BYTES);

/** Room for a block and for what it becomes. */
export interface Slot {
  readonly index: number;
  readonly input: Uint8Array<ArrayBuffer>;
  readonly output: Uint8Array<ArrayBuffer>;
}

export function slotOf(memory: Uint8Array<ArrayBuffer>, index: number): Slot {
  const begin = index * (BLOCK_BYTES + OUTPUT_BYTES);
  return { index, input: memory.subarray(begin, begin + BLOCK_BYTES), output: memory.subarray(begin + BLOCK_BYTES, begin + BLOCK_BYTES + OUTPUT_BYTES) };
}

export const emptySlot = (index: number): Slot => ({ index, input: new Uint8Array(BLOCK_BYTES), output: new Uint8Array(OUTPUT_BYTES) });

/** Memory that processes share, so that blocks need not be sent to and fro. Nobody makes its file shorter, which would end whoever reads behind the end. */
export class PackingMemory implements Disposable {
  readonly file: number;
  readonly slots: readonly Slot[];

  constructor(slots: number) {
    this.file = memfdCreate("hako-packing");
    try {
      ftruncate(this.file, slots * (BLOCK_BYTES + OUTPUT_BYTES));
      sealSize(this.file);
      const memory = mapShared(this.file);
      this.slots = Array.from({ length: slots }, (_, index) => slotOf(memory, index));
    } catch (error) {
      closeFd(this.file);
      throw error;
    }
  }

  /** What is mapped goes with the last who knows a slot. */
  [Symbol.dispose](): void {
    closeFd(this.file);
  }
}
