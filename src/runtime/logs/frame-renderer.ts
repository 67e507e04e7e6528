import { FRAME_HEADER_BYTES, frameBytes, STDERR, STDOUT } from "./frame.ts";
import type { LogIndex } from "./log-index.ts";
import { TIMESTAMP_BYTES, TimestampWriter } from "./timestamp.ts";

export interface Rendering {
  /** Raw bytes instead of frames. */
  readonly tty: boolean;
  readonly timestamps: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** Goes before every message: Docker's `--details`. */
  readonly details?: string | undefined;
}

/** The log's own bytes are what goes out. */
export function isPlain(rendering: Rendering): boolean {
  return !rendering.tty && !rendering.timestamps && rendering.details === undefined && rendering.stdout && rendering.stderr;
}

/** Turns frames of the log, read in order, into what one reader asked for. */
export class FrameRenderer {
  readonly #timestamps = new TimestampWriter();
  #entry = -1;
  #lastTimeNs = 0n;
  readonly #details: Buffer;

  constructor(
    private readonly rendering: Rendering,
    private readonly index: LogIndex,
  ) {
    this.#details = Buffer.from(rendering.details ?? "");
  }

  /** Renders the whole frames of `chunk`, which lies at `offset` of the log. `consumed` 0: no whole frame. */
  render(chunk: Uint8Array, offset: number): { bytes: Uint8Array; consumed: number } {
    const frames = frameStarts(chunk);
    const consumed = frames.end;
    const { tty, timestamps } = this.rendering;
    const prefixBytes = (timestamps ? TIMESTAMP_BYTES : 0) + this.#details.length;
    const target = Buffer.allocUnsafeSlow(consumed + frames.starts.length * prefixBytes);
    const source = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let filled = 0;
    frames.starts.forEach((start, number) => {
      if (!this.#wanted(source.readUInt8(start))) return;
      const end = frames.starts[number + 1] ?? consumed;
      const addedBytes = prefixBytes > 0 && this.#startsMessage(offset + start) ? prefixBytes : 0;
      if (!tty) {
        source.copy(target, filled, start, start + FRAME_HEADER_BYTES);
        if (addedBytes > 0) target.writeUInt32BE(end - start - FRAME_HEADER_BYTES + addedBytes, filled + 4);
        filled += FRAME_HEADER_BYTES;
      }
      if (addedBytes > 0) {
        if (timestamps) this.#timestamps.write(this.#lastTimeNs, target, filled);
        this.#details.copy(target, filled + prefixBytes - this.#details.length);
        filled += addedBytes;
      }
      filled += source.copy(target, filled, start + FRAME_HEADER_BYTES, end);
    });
    return { bytes: target.subarray(0, filled), consumed };
  }

  #wanted(stream: number): boolean {
    return (stream === STDOUT && this.rendering.stdout) || (stream === STDERR && this.rendering.stderr);
  }

  /** Moves the index along to the frame at `offset`. A frame without an entry counts as a message of the last known time. */
  #startsMessage(offset: number): boolean {
    const { index } = this;
    if (this.#entry < 0) this.#entry = index.first((entry) => index.offset(entry) >= offset);
    while (this.#entry < index.count && index.offset(this.#entry) < offset) this.#entry += 1;
    if (this.#entry >= index.count || index.offset(this.#entry) !== offset) {
      if (this.#lastTimeNs === 0n && index.count > 0) this.#lastTimeNs = index.timeNs(Math.min(this.#entry, index.count - 1));
      return true;
    }
    this.#lastTimeNs = index.timeNs(this.#entry);
    return !index.continues(this.#entry);
  }
}

function frameStarts(chunk: Uint8Array): { starts: number[]; end: number } {
  const starts: number[] = [];
  let at = 0;
  for (;;) {
    const size = frameBytes(chunk, at);
    if (typeof size !== "number" || at + size > chunk.length) return { starts, end: at };
    starts.push(at);
    at += size;
  }
}
