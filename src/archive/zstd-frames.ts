type Part = "magic" | "descriptor" | "header" | "block" | "skippableSize";

/**
 * Walks the frames of a zstd stream (RFC 8878, 3.1) without decompressing, to know at the end whether the last one is complete:
 * the runtime's decompressor says nothing when a stream is cut short.
 */
export class ZstdFrames {
  #part: Part = "magic";
  #needed = 4;
  #pending = 0;
  #filled = 0;
  #skip = 0;
  #checksum = false;

  /** Whether the stream may end here. */
  get complete(): boolean {
    return this.#part === "magic" && this.#filled === 0 && this.#skip === 0;
  }

  push(chunk: Uint8Array): void {
    for (let offset = 0; offset < chunk.length; ) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, chunk.length - offset);
        this.#skip -= skipped;
        offset += skipped;
        continue;
      }
      // Little-endian; only the low 32 bits are ever looked at.
      if (this.#filled < 4) this.#pending += (chunk[offset] as number) * 2 ** (8 * this.#filled);
      offset++;
      if (++this.#filled === this.#needed) this.#take(this.#pending);
    }
  }

  #expect(part: Part, needed: number): void {
    this.#part = part;
    this.#needed = needed;
    this.#pending = 0;
    this.#filled = 0;
  }

  #take(value: number): void {
    switch (this.#part) {
      case "magic":
        // Anything but a skippable frame is a frame, or garbage that the decompressor refuses.
        return value >= 0x184d2a50 && value <= 0x184d2a5f ? this.#expect("skippableSize", 4) : this.#expect("descriptor", 1);
      case "skippableSize":
        this.#skip = value;
        return this.#expect("magic", 4);
      case "descriptor":
        return this.#takeDescriptor(value);
      case "header":
        return this.#expect("block", 3);
      case "block":
        return this.#takeBlock(value);
      default:
        this.#part satisfies never;
    }
  }

  #takeDescriptor(value: number): void {
    const singleSegment = (value & 0x20) !== 0;
    this.#checksum = (value & 0x04) !== 0;
    const sizeBytes = [singleSegment ? 1 : 0, 2, 4, 8][value >> 6] as number;
    const dictionaryBytes = [0, 1, 2, 4][value & 3] as number;
    const headerBytes = (singleSegment ? 0 : 1) + dictionaryBytes + sizeBytes;
    if (headerBytes === 0) this.#expect("block", 3);
    else this.#expect("header", headerBytes);
  }

  #takeBlock(value: number): void {
    const last = (value & 1) !== 0;
    const type = (value >> 1) & 3;
    // A run-length block stores one byte whatever its size says.
    this.#skip = type === 1 ? 1 : value >> 3;
    if (last && this.#checksum) this.#skip += 4;
    if (last) this.#expect("magic", 4);
    else this.#expect("block", 3);
  }
}
