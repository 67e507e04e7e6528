import { malformed } from "./malformed.ts";

export const FRAME = { data: 0, headers: 1, priority: 2, reset: 3, settings: 4, push: 5, ping: 6, goAway: 7, windowUpdate: 8, continuation: 9 } as const;
export const FLAG = { endStream: 0x1, ack: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;
export const SETTING = { push: 2, concurrentStreams: 3, initialWindow: 4, maxFrame: 5, headerList: 6 } as const;
/** Why a stream or a connection ends. */
export const REASON = { none: 0, protocol: 1, internal: 2, flowControl: 3, streamClosed: 5, refused: 7, cancel: 8, calm: 11 } as const;

export const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
export const MAX_PAYLOAD_BYTES = 16_384;
export const DEFAULT_WINDOW = 65_535;
export const MAX_WINDOW = 2 ** 31 - 1;
const HEAD_BYTES = 9;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Uint8Array;
}

export function encodeFrame(type: number, flags: number, stream: number, payload: Uint8Array): Uint8Array[] {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return payload.length > 0 ? [head, payload] : [head];
}

/** Takes a connection's bytes apart. Holds at most one frame. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);
  #prefaceLeft: number;

  /** @param expectsPreface of the side that accepts connections */
  constructor(expectsPreface: boolean) {
    this.#prefaceLeft = expectsPreface ? PREFACE.length : 0;
  }

  /** @throws EngineError InvalidParameter */
  *push(chunk: Uint8Array): Generator<Frame, void, void> {
    this.#rest = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    if (this.#prefaceLeft > 0) this.#takePreface();
    while (this.#prefaceLeft === 0 && this.#rest.length >= HEAD_BYTES) {
      const length = this.#rest.readUIntBE(0, 3);
      if (length > MAX_PAYLOAD_BYTES) throw malformed(`a frame of ${length} bytes`);
      if (this.#rest.length < HEAD_BYTES + length) break;
      const frame: Frame = { type: this.#rest[3] ?? 0, flags: this.#rest[4] ?? 0, stream: this.#rest.readUInt32BE(5) % 2 ** 31, payload: this.#rest.subarray(HEAD_BYTES, HEAD_BYTES + length) };
      this.#rest = this.#rest.subarray(HEAD_BYTES + length);
      yield frame;
    }
    // A piece of a chunk would keep the whole chunk.
    if (this.#rest.length > 0) this.#rest = Buffer.from(this.#rest);
  }

  #takePreface(): void {
    const taken = this.#rest.subarray(0, this.#prefaceLeft);
    const from = PREFACE.length - this.#prefaceLeft;
    if (!taken.equals(PREFACE.subarray(from, from + taken.length))) throw malformed("this is another protocol");
    this.#prefaceLeft -= taken.length;
    this.#rest = this.#rest.subarray(taken.length);
  }
}

/** What a DATA or HEADERS frame holds beside padding and priority. @throws EngineError InvalidParameter */
export function contentOf({ type, flags, payload }: Frame): Uint8Array {
  const isPadded = (flags & FLAG.padded) !== 0;
  const padding = isPadded ? (payload[0] ?? 0) : 0;
  const from = (isPadded ? 1 : 0) + (type === FRAME.headers && (flags & FLAG.priority) !== 0 ? 5 : 0);
  if (from + padding > payload.length) throw malformed("a frame is all padding");
  return payload.subarray(from, payload.length - padding);
}
