/** Docker's multiplexed stream: [stream,0,0,0,length big endian] and payload, stream 1 stdout, 2 stderr, 3 an error of the engine. */
export interface Frame {
  readonly stream: number;
  readonly payload: Uint8Array;
}

const HEADER_BYTES = 8;

/** Cuts chunks into frames; a long frame is handed on in the pieces in which it arrives. */
export class FrameReader {
  #header = new Uint8Array(HEADER_BYTES);
  #headerBytes = 0;
  #stream = 0;
  #left = 0;

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

  #takeHeader(chunk: Uint8Array, at: number): number {
    const taken = Math.min(HEADER_BYTES - this.#headerBytes, chunk.length - at);
    this.#header.set(chunk.subarray(at, at + taken), this.#headerBytes);
    this.#headerBytes += taken;
    if (this.#headerBytes === HEADER_BYTES) {
      const [stream = 0, , , , a = 0, b = 0, c = 0, d = 0] = this.#header;
      if (stream > 3) throw new Error(`Unrecognized input header: ${stream}`);
      this.#stream = stream;
      this.#left = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
      this.#headerBytes = 0;
    }
    return taken;
  }
}
