import type { FrameLog } from "./frame-log.ts";
import { FRAME_HEADER_BYTES, frameBytes } from "./frame.ts";
import type { LogFiles } from "./segments.ts";
import { walkLog, type PieceReader, type WalkOptions } from "./walk-log.ts";

/** Whoever takes a batch does some work on each of its frames: few enough that the event loop is not held. Larger than any frame. */
const CHUNK_BYTES = 72 * 1024;

/** A piece of output as it was written. */
export interface LogFrame {
  /** 1 standard output, 2 standard error. */
  readonly stream: number;
  readonly timeNs: bigint;
  readonly payload: Uint8Array;
}

export interface FrameBatch {
  readonly frames: readonly LogFrame[];
  /** The place in the log behind them. */
  readonly end: number;
}

/** The frames of a log with their times, from `fromOffset` on, in batches of at most a chunk. */
export async function* readFrames(files: LogFiles, options: WalkOptions): AsyncGenerator<FrameBatch> {
  for await (const { value, end } of walkLog(files, options, { reader: frameReader, needsIndex: true })) yield { frames: value, end };
}

function frameReader(log: FrameLog): PieceReader<LogFrame[]> {
  let entry = -1;
  let lastTimeNs = 0n;
  const timeAt = (offset: number): bigint => {
    if (entry < 0) entry = log.index.first((candidate) => log.index.offset(candidate) >= offset);
    while (entry < log.index.count && log.index.offset(entry) < offset) entry += 1;
    if (entry < log.index.count && log.index.offset(entry) === offset) lastTimeNs = log.index.timeNs(entry);
    else if (lastTimeNs === 0n && log.index.count > 0) lastTimeNs = log.index.timeNs(Math.min(entry, log.index.count - 1));
    return lastTimeNs;
  };
  return {
    chunkBytes: CHUNK_BYTES,
    take: (chunk, offset) => {
      const frames: LogFrame[] = [];
      let at = 0;
      for (;;) {
        const bytes = frameBytes(chunk, at);
        if (typeof bytes !== "number" || at + bytes > chunk.length) return { value: frames, consumed: at };
        frames.push({ stream: chunk[at] ?? 1, timeNs: timeAt(offset + at), payload: chunk.subarray(at + FRAME_HEADER_BYTES, at + bytes) });
        at += bytes;
      }
    },
  };
}
