import { BodyDecoder, EngineError, type Framing } from "../base/mod.ts";
import { readFd, readSocket, sendFile, writeSocket } from "../linux/mod.ts";

/** Archives in the bodies of HTTP/1.1 messages, read from and written to the connection's descriptor, without anybody in between. */

/** A body that is about to be read: somebody has taken the first bytes of it already. */
export interface ConnectionBody {
  readonly descriptor: number;
  readonly framing: Framing;
  readonly begun: Uint8Array;
}

const PIECE_BYTES = 1024 * 1024;

/**
 * The body in pieces, each valid until the next is asked for. Waits, and holds up everything else.
 *
 * @param watched a socket; when its other end closes nobody wants the rest. @throws EngineError InvalidParameter when the connection ends before the body
 */
export function* receiveBody({ descriptor, framing, begun }: ConnectionBody, watched?: number): Generator<Uint8Array, void, void> {
  const body = new BodyDecoder(framing);
  yield* body.push(begun);
  const buffer = new Uint8Array(new ArrayBuffer(PIECE_BYTES));
  while (!body.ended) {
    const length = readSocket(descriptor, buffer, watched);
    if (length === 0) throw new EngineError("InvalidParameter", "unexpected EOF");
    yield* body.push(length === buffer.length ? buffer : buffer.subarray(0, length));
  }
}

const LINE_END = Buffer.from("\r\n");

/** Bytes to a socket: as they are, or as the chunks of a body without the last one. */
export class SocketOutput {
  readonly #socket: number;
  readonly #chunked: boolean;
  #bytes = 0;

  constructor(socket: number, as: "chunks" | "bytes") {
    this.#socket = socket;
    this.#chunked = as === "chunks";
  }

  /** What was given so far. */
  get bytes(): number {
    return this.#bytes;
  }

  write(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#begin(piece.length);
    writeSocket(this.#socket, piece);
    this.#end();
  }

  /** So many bytes of a file; zeros where it is shorter. */
  file(file: number, sizeBytes: number): void {
    this.#begin(sizeBytes);
    this.#copy(file, sizeBytes - sendFile(this.#socket, file, sizeBytes));
    this.#end();
  }

  #begin(sizeBytes: number): void {
    this.#bytes += sizeBytes;
    if (this.#chunked) writeSocket(this.#socket, Buffer.from(`${sizeBytes.toString(16)}\r\n`));
  }

  #end(): void {
    if (this.#chunked) writeSocket(this.#socket, LINE_END);
  }

  #copy(file: number, sizeBytes: number): void {
    if (sizeBytes === 0) return;
    const buffer = new Uint8Array(new ArrayBuffer(Math.min(sizeBytes, PIECE_BYTES)));
    for (let left = sizeBytes; left > 0; ) {
      const length = readFd(file, left < buffer.length ? buffer.subarray(0, left) : buffer);
      if (length === 0) buffer.fill(0);
      const part = buffer.subarray(0, Math.min(left, length === 0 ? buffer.length : length));
      writeSocket(this.#socket, part);
      left -= part.length;
    }
  }
}
