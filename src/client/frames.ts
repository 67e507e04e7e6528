/** Docker's multiplexed stream: [stream,0,0,0,length big endian] and payload, stream 1 stdout, 2 stderr, 3 an error of the engine. */
export interface Frame {
  readonly stream: number;
  readonly payload: Uint8Array;
}

const HEADER_BYTES = 8;

/**
 * Cuts chunks into what belongs to one stream. Frames of the same stream that follow each other, usually one per line,
 * are joined by moving them together inside the chunk, which is used up by it: one write for each line would be the
 * greatest cost of reading a log.
 */
export class FrameReader {
  #header = new Uint8Array(HEADER_BYTES);
  #headerBytes = 0;
  #stream = 0;
  #left = 0;

  *push(chunk: Uint8Array): Generator<Frame, void, void> {
    let at = 0;
    let runStart = 0;
    let runEnd = 0;
    let runStream = this.#stream;
    while (at < chunk.length) {
      if (this.#left === 0) {
        at += this.#takeHeader(chunk, at);
        continue;
      }
      if (this.#stream !== runStream) {
        if (runEnd > runStart) yield { stream: runStream, payload: chunk.subarray(runStart, runEnd) };
        runStart = runEnd;
        runStream = this.#stream;
      }
      const end = Math.min(chunk.length, at + this.#left);
      chunk.copyWithin(runEnd, at, end);
      runEnd += end - at;
      this.#left -= end - at;
      at = end;
    }
    if (runEnd > runStart) yield { stream: runStream, payload: chunk.subarray(runStart, runEnd) };
  }

  /** @returns how many bytes of the header were there */
  #takeHeader(chunk: Uint8Array, at: number): number {
    if (this.#headerBytes === 0 && chunk.length - at >= HEADER_BYTES) {
      this.#startFrame(chunk, at);
      return HEADER_BYTES;
    }
    const taken = Math.min(HEADER_BYTES - this.#headerBytes, chunk.length - at);
    this.#header.set(chunk.subarray(at, at + taken), this.#headerBytes);
    this.#headerBytes += taken;
    if (this.#headerBytes === HEADER_BYTES) {
      this.#startFrame(this.#header, 0);
      this.#headerBytes = 0;
    }
    return taken;
  }

  #startFrame(bytes: Uint8Array, at: number): void {
    const stream = bytes[at] ?? 0;
    if (stream > 3) throw new Error(`Unrecognized input header: ${stream}`);
    this.#stream = stream;
    this.#left = (((bytes[at + 4] ?? 0) << 24) | ((bytes[at + 5] ?? 0) << 16) | ((bytes[at + 6] ?? 0) << 8) | (bytes[at + 7] ?? 0)) >>> 0;
  }
}
