import { randomBytes } from "node:crypto";
import type { LogMessage, WrittenFrame } from "./message.ts";

/** Docker's: what is longer goes out in pieces of this size. */
const MAX_LINE_BYTES = 16 * 1024;
const NEWLINE = 10;
const NOTHING = new Uint8Array(0);

interface OpenLine {
  held: Uint8Array;
  /** Set once a piece has gone out. */
  id: string;
  pieces: number;
  /** Pieces of a line all bear the time of the first. */
  timeNs: bigint;
}

/** What a line that has not ended holds, as JSON can say it. */
export interface OpenLineState {
  readonly held: string;
  readonly id: string;
  readonly pieces: number;
  readonly timeNs: string;
}

const fresh = (): OpenLine => ({ held: NOTHING, id: "", pieces: 0, timeNs: 0n });

/** Puts lines together of what was written bit by bit, per stream, as Docker's drivers receive them. */
export class LineAssembler {
  readonly #open: [OpenLine, OpenLine] = [fresh(), fresh()];

  push(frame: WrittenFrame): LogMessage[] {
    const messages: LogMessage[] = [];
    let rest = frame.payload;
    while (rest.length > 0) {
      const newline = rest.indexOf(NEWLINE);
      this.#take(frame, newline < 0 ? rest : rest.subarray(0, newline), newline >= 0, messages);
      rest = newline < 0 ? NOTHING : rest.subarray(newline + 1);
    }
    return messages;
  }

  /** What was never ended, for there will be no more. */
  flush(timeNs: bigint): LogMessage[] {
    const messages: LogMessage[] = [];
    this.#open.forEach((line, index) => {
      if (line.held.length > 0) messages.push(this.#piece(index + 1, line, line.held, line.timeNs || timeNs, false));
      this.#open[index] = fresh();
    });
    return messages;
  }

  save(): OpenLineState[] {
    return this.#open.map(({ held, id, pieces, timeNs }) => ({ held: Buffer.from(held).toString("base64"), id, pieces, timeNs: String(timeNs) }));
  }

  restore(lines: readonly OpenLineState[]): void {
    lines.slice(0, 2).forEach(({ held, id, pieces, timeNs }, index) => {
      this.#open[index] = { held: Buffer.from(held, "base64"), id, pieces, timeNs: BigInt(timeNs) };
    });
  }

  #take({ stream, timeNs }: WrittenFrame, bytes: Uint8Array, ends: boolean, messages: LogMessage[]): void {
    const line = this.#open[stream === 2 ? 1 : 0];
    let whole = line.held.length === 0 ? bytes : Buffer.concat([line.held, bytes]);
    while (whole.length > MAX_LINE_BYTES || (whole.length === MAX_LINE_BYTES && !ends)) {
      if (line.pieces === 0) line.timeNs = timeNs;
      messages.push(this.#piece(stream, line, whole.subarray(0, MAX_LINE_BYTES), line.timeNs, false));
      whole = whole.subarray(MAX_LINE_BYTES);
    }
    if (!ends) {
      // The chunk that it lies in must not stay for the sake of a few bytes.
      line.held = Uint8Array.from(whole);
      if (line.pieces === 0) line.timeNs = timeNs;
      return;
    }
    messages.push(line.pieces > 0 ? this.#piece(stream, line, whole, line.timeNs, true) : { stream: streamName(stream), timeNs, line: whole });
    this.#open[stream === 2 ? 1 : 0] = fresh();
  }

  #piece(stream: number, line: OpenLine, bytes: Uint8Array, timeNs: bigint, last: boolean): LogMessage {
    if (line.pieces === 0) line.id = randomBytes(32).toString("hex");
    line.pieces += 1;
    return { stream: streamName(stream), timeNs, line: bytes, partial: { id: line.id, ordinal: line.pieces, last } };
  }
}

const streamName = (stream: number): "stdout" | "stderr" => (stream === 2 ? "stderr" : "stdout");
