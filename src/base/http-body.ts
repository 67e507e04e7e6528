import { EngineError } from "./errors.ts";

/** How the end of an HTTP/1.1 body is told (RFC 9112, section 6): by chunks, or by its length in bytes. */
export type Framing = "chunked" | number;

const MAX_LINE_BYTES = 4096;
const MAX_TRAILER_LINES = 64;
const LINE_FEED = 10;

/** Takes the body of one message out of the bytes of a connection, which come in pieces of any size. */
export class BodyDecoder {
  #left: number;
  #at: "data" | "dataEnd" | "size" | "trailer" | "ended";
  #line = "";
  #trailerLines = 0;
  #rest: Uint8Array = new Uint8Array();
  readonly #chunked: boolean;

  constructor(framing: Framing) {
    this.#chunked = framing === "chunked";
    this.#left = framing === "chunked" ? 0 : framing;
    this.#at = framing === "chunked" ? "size" : framing === 0 ? "ended" : "data";
  }

  get ended(): boolean {
    return this.#at === "ended";
  }

  /** What the last piece held behind the end of the body. */
  get rest(): Uint8Array {
    return this.#rest;
  }

  /** The parts of the body that a piece holds, to be taken all. @throws EngineError InvalidParameter for what is no chunk */
  *push(piece: Uint8Array): Generator<Uint8Array, void, void> {
    let offset = 0;
    while (offset < piece.length && !this.ended) {
      if (this.#at !== "data") {
        offset = this.#takeLine(piece, offset);
        continue;
      }
      const part = piece.subarray(offset, offset + this.#left);
      offset += part.length;
      this.#left -= part.length;
      if (this.#left === 0) this.#at = this.#chunked ? "dataEnd" : "ended";
      yield part;
    }
    if (this.ended) this.#rest = piece.subarray(offset);
  }

  /** @returns the offset behind what was taken */
  #takeLine(piece: Uint8Array, offset: number): number {
    const feed = piece.indexOf(LINE_FEED, offset);
    const end = feed < 0 ? piece.length : feed;
    if (this.#line.length + end - offset > MAX_LINE_BYTES) throw broken("the line before a chunk is too long");
    this.#line += Buffer.from(piece.buffer, piece.byteOffset + offset, end - offset).toString("latin1");
    if (feed < 0) return end;
    const line = this.#line.replace(/\r$/, "");
    this.#line = "";
    this.#ofLine(line);
    return feed + 1;
  }

  #ofLine(line: string): void {
    if (this.#at === "trailer") {
      if (line === "") this.#at = "ended";
      else if (++this.#trailerLines > MAX_TRAILER_LINES) throw broken("its trailer is too long");
      return;
    }
    if (this.#at === "dataEnd") {
      if (line !== "") throw broken("a chunk is longer than its size says");
      this.#at = "size";
      return;
    }
    const size = /^([0-9a-f]{1,13})[ \t]*(?:;.*)?$/i.exec(line)?.[1];
    if (size === undefined) throw broken("a chunk has no size");
    this.#left = Number.parseInt(size, 16);
    this.#at = this.#left === 0 ? "trailer" : "data";
  }
}

const broken = (why: string): EngineError => new EngineError("InvalidParameter", `a message's body is broken: ${why}`);
