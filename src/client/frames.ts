/** Docker's multiplexed stream: [stream,0,0,0,length big endian] and payload, stream 1 stdout, 2 stderr, 3 an error of the engine; 4, from our own alone, the outcome. */
export interface Frame {
  readonly stream: number;
  readonly payload: Uint8Array;
}

export const OUTCOME_STREAM = 4;
const HEADER_BYTES = 8;

/** Cuts chunks into frames; a long frame is handed on in the pieces in which it arrives. */
export class FrameReader {
  #header = new Uint8Array(HEADER_BYTES);
  #headerBytes = 0;
  #stream = 0;
  #left = 0;

  /** All of the frames so far have come to their ends. */
  get whole(): boolean {
    return this.#left === 0 && this.#headerBytes === 0;
  }

  *push(chunk: Uint8Array): Generator<Frame, void, void> {
    let at = 0;
    while (at < chunk.length) {
      if (this.#left === 0) {
        at += this.#takeHeader(chunk, at);
        continue;
      }
      const end = Math.min(chunk.length, at + this.#left);
      this.#left -= end - at;
      yield { stream: this.#stream, payload: chunk.subarray(at, end) };
      at = end;
    }
  }

  /**
   * Like push(), with neighbours of one stream joined: a log has a frame per line, and a write per line would be most of the
   * work. Moves bytes within `chunk`, which must be the caller's own.
   */
  *pushJoined(chunk: Uint8Array): Generator<Frame, void, void> {
    let [at, start, end, stream] = [0, 0, 0, 0];
    while (at < chunk.length) {
      if (this.#left === 0) {
        at += this.#takeHeader(chunk, at);
        continue;
      }
      if (end > start && stream !== this.#stream) {
        yield { stream, payload: chunk.subarray(start, end) };
        start = end;
      }
      if (end === start) [start, end, stream] = [at, at, this.#stream];
      const next = Math.min(chunk.length, at + this.#left);
      chunk.copyWithin(end, at, next);
      this.#left -= next - at;
      end += next - at;
      at = next;
    }
    if (end > start) yield { stream, payload: chunk.subarray(start, end) };
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
    if (stream > OUTCOME_STREAM) throw new Error(`Unrecognized input header: ${stream}`);
    this.#stream = stream;
    this.#left = (((bytes[at + 4] ?? 0) << 24) | ((bytes[at + 5] ?? 0) << 16) | ((bytes[at + 6] ?? 0) << 8) | (bytes[at + 7] ?? 0)) >>> 0;
  }
}
