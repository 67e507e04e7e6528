import { EngineError } from "../../base/mod.ts";

/**
 * One frame of a build's connection: the payload's length (u32), kind (u8), the stream's number (u32), all little endian, then the payload.
 *
 * - `open`: begins a stream; the payload is JSON that says what is asked.
 * - `data`: bytes of a stream, at most as many as the other side has given credit for.
 * - `end`: this side sends no more on the stream.
 * - `fail`: this side gives the stream up; the payload is JSON, {kind, message}.
 * - `credit`: so many bytes more (u32) may be sent on the stream.
 */
export const FRAME = { open: 1, data: 2, end: 3, fail: 4, credit: 5 } as const;
export type FrameKind = (typeof FRAME)[keyof typeof FRAME];

export const HEAD_BYTES = 9;
/** Of anything but data, which may come in any pieces. */
export const MAX_CONTROL_BYTES = 64 * 1024;
export const MAX_DATA_BYTES = 64 * 1024;

/** Data may come in several of these; all other kinds come whole. */
export interface BuildFrame {
  readonly kind: FrameKind;
  readonly stream: number;
  readonly payload: Uint8Array;
}

export function encodeHead(kind: FrameKind, stream: number, length: number): Uint8Array {
  const head = new Uint8Array(HEAD_BYTES);
  const view = new DataView(head.buffer);
  view.setUint32(0, length, true);
  view.setUint8(4, kind);
  view.setUint32(5, stream, true);
  return head;
}

const KINDS: ReadonlySet<number> = new Set(Object.values(FRAME));

/** Splits what comes on the connection into frames. Holds no more than one control frame. */
export class BuildFrameReader {
  readonly #head = new Uint8Array(HEAD_BYTES);
  #headBytes = 0;
  #kind: FrameKind = FRAME.data;
  #stream = 0;
  #missing = 0;
  #parts: Uint8Array[] = [];

  /** True between two frames: the only place where a connection may end. */
  get atBoundary(): boolean {
    return this.#headBytes === 0;
  }

  /** @throws EngineError InvalidParameter for what is no frame */
  *push(chunk: Uint8Array): Generator<BuildFrame, void, void> {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#headBytes < HEAD_BYTES) {
        rest = this.#takeHead(rest);
        if (this.#headBytes < HEAD_BYTES) return;
        if (this.#missing > 0) continue;
        yield this.#finish();
        continue;
      }
      const piece = rest.subarray(0, this.#missing);
      rest = rest.subarray(piece.length);
      this.#missing -= piece.length;
      if (this.#kind === FRAME.data) {
        if (this.#missing === 0) this.#headBytes = 0;
        yield { kind: FRAME.data, stream: this.#stream, payload: piece };
        continue;
      }
      this.#parts.push(piece);
      if (this.#missing === 0) yield this.#finish();
    }
  }

  #takeHead(chunk: Uint8Array): Uint8Array {
    const taken = Math.min(HEAD_BYTES - this.#headBytes, chunk.length);
    this.#head.set(chunk.subarray(0, taken), this.#headBytes);
    this.#headBytes += taken;
    if (this.#headBytes === HEAD_BYTES) this.#readHead();
    return chunk.subarray(taken);
  }

  #readHead(): void {
    const view = new DataView(this.#head.buffer);
    const length = view.getUint32(0, true);
    const kind = view.getUint8(4);
    if (!KINDS.has(kind)) throw new EngineError("InvalidParameter", `a build's connection has no frames of kind ${kind}`);
    const limit = kind === FRAME.data ? MAX_DATA_BYTES : MAX_CONTROL_BYTES;
    if (length > limit) throw new EngineError("InvalidParameter", `a frame of ${length} bytes is longer than ${limit}`);
    this.#kind = kind as FrameKind;
    this.#stream = view.getUint32(5, true);
    this.#missing = length;
  }

  #finish(): BuildFrame {
    const [only] = this.#parts;
    const payload = this.#parts.length === 1 && only ? only : Buffer.concat(this.#parts);
    this.#parts = [];
    this.#headBytes = 0;
    return { kind: this.#kind, stream: this.#stream, payload };
  }
}
