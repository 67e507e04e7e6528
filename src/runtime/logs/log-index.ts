import { fstatSync, readSync } from "node:fs";

/** u64 offset of the frame | u64 time in nanoseconds, top bit: continues the previous partial frame of its stream. */
export const INDEX_ENTRY_BYTES = 16;
const BATCH_ENTRIES = 4096;
const NOTHING = Buffer.alloc(0);

/**
 * Reads a log's index, one entry per frame in the order of the log. Entries that a crash left without their frame
 * are not counted; frames that it left without an entry are the caller's to find behind the last one.
 */
export class LogIndex {
  #batch = NOTHING;
  #batchFirst = 0;
  /** Entries in the file, those without their frame included. */
  #present = 0;
  #count = 0;

  constructor(private readonly fd: number) {}

  get count(): number {
    return this.#count;
  }

  /** Looks again how many entries there are for a log of `logBytes`. */
  refresh(logBytes: number): void {
    let count = Math.floor(fstatSync(this.fd).size / INDEX_ENTRY_BYTES);
    this.#present = count;
    // The last batch may have been read when it was shorter.
    this.#batch = NOTHING;
    while (count > 0 && !this.#lies(count - 1, logBytes)) count -= 1;
    this.#count = count;
  }

  /** Numbers up to 2^53 are exact: eight petabytes of log. */
  offset(entry: number): number {
    const at = this.#load(entry);
    return this.#batch.readUInt32LE(at) + this.#batch.readUInt32LE(at + 4) * 0x100000000;
  }

  timeNs(entry: number): bigint {
    const at = this.#load(entry);
    return BigInt.asUintN(63, this.#batch.readBigUInt64LE(at + 8));
  }

  continues(entry: number): boolean {
    const at = this.#load(entry);
    return (this.#batch.readUInt8(at + 15) & 0x80) !== 0;
  }

  /** The first entry for which `test` holds, given that it holds for all after it; `count` when for none. */
  first(test: (entry: number) => boolean): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (test(middle)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** The entry where the last `messages` messages before `end` begin; what is missing stays over. */
  back(messages: number): { entry: number; missing: number } {
    let entry = this.#count;
    while (entry > 0 && messages > 0) {
      entry -= 1;
      if (!this.continues(entry)) messages -= 1;
    }
    return { entry, missing: messages };
  }

  #lies(entry: number, logBytes: number): boolean {
    const offset = this.offset(entry);
    return offset < logBytes && (offset > 0 || entry === 0);
  }

  /** The entry's place in the batch. A batch ends with the asked entry when reading backwards. */
  #load(entry: number): number {
    const within = (entry - this.#batchFirst) * INDEX_ENTRY_BYTES;
    if (within >= 0 && within + INDEX_ENTRY_BYTES <= this.#batch.length) return within;
    const backwards = entry < this.#batchFirst;
    this.#batchFirst = backwards ? Math.max(0, entry - BATCH_ENTRIES + 1) : entry;
    const bytes = Buffer.allocUnsafeSlow(Math.min(BATCH_ENTRIES, this.#present - this.#batchFirst) * INDEX_ENTRY_BYTES);
    const read = readSync(this.fd, bytes, 0, bytes.length, this.#batchFirst * INDEX_ENTRY_BYTES);
    this.#batch = bytes.subarray(0, read);
    const loaded = (entry - this.#batchFirst) * INDEX_ENTRY_BYTES;
    if (loaded + INDEX_ENTRY_BYTES > read) throw new RangeError(`log index entry ${entry} is missing`);
    return loaded;
  }
}
