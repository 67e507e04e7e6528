export interface ReadLogOptions {
  follow: boolean;
  tail?: number;
  sinceNs?: bigint;
  untilNs?: bigint;
  timestamps: boolean;
  stdout: boolean;
  stderr: boolean;
  /** Goes before every message. */
  details?: string;
  /** A place in the log, as `logEnd` gives it; one that rotation has removed means the oldest that is left. */
  fromOffset?: number;
  signal: AbortSignal;
  watch?: (end: number) => Promise<number>;
  ended: () => boolean;
  /** Told the place behind each piece that was taken. */
  passed?: ((place: number) => void) | undefined;
}

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

export interface LogLaunch extends LogFiles {
  /** A file of the log that has so much is followed by the next; absent: one file for ever. */
  maxBytes?: number;
  /** The oldest of more files than this go; absent: all stay until the engine removes them. */
  maxFiles?: number;
  /** Output is thrown away unless `keep` or `keepLog(true)` is said. */
  discard?: boolean;
  /** As if `keepLog(true)` were said at the beginning. */
  keep?: boolean;
}

/** The first file of a log; the others are named after it. */
export interface LogFiles {
  path: string;
  indexPath: string;
}
