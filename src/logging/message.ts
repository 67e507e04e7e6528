/** What one container wrote, a line at a time: without its end of line. */
export interface LogMessage {
  readonly stream: "stdout" | "stderr";
  readonly timeNs: bigint;
  readonly line: Uint8Array;
  /** A line of more than 16 KiB, or without an end, comes in pieces. */
  readonly partial?: PartialLine;
}

export interface PartialLine {
  /** The same for all pieces of a line. */
  readonly id: string;
  /** From 1. */
  readonly ordinal: number;
  readonly last: boolean;
}

/** A piece of output as it was written, with or without an end of line. */
export interface WrittenFrame {
  /** 1 standard output, 2 standard error. */
  readonly stream: number;
  readonly timeNs: bigint;
  readonly payload: Uint8Array;
}

/** Of a message that ends its line, as most do. */
export const endsLine = ({ partial }: LogMessage): boolean => partial === undefined || partial.last;
