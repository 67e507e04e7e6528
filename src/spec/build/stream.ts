import { EngineError, messageOf, type ByteDuplex, type ErrorKind } from "../../base/mod.ts";
import { FRAME, MAX_DATA_BYTES, type FrameKind } from "./frame.ts";

/** What may be under way to a reader; as much again may lie with the transport. */
export const WINDOW_BYTES = 256 * 1024;
const MAX_MESSAGE_CHARACTERS = 8 * 1024;
const NOTHING = new Uint8Array(0);

export interface StreamPort {
  send(kind: FrameKind, payload: Uint8Array): Promise<void>;
  forget(): void;
}

/**
 * One stream of a build's connection. Reading gives the writer credit, so that whoever does not read holds up this stream alone.
 * `input` ends with the other side's `end` and throws what it failed with, or that the connection is gone.
 */
export class BuildStream implements ByteDuplex {
  readonly closed: Promise<void>;
  readonly #port: StreamPort;
  readonly #over = Promise.withResolvers<void>();
  #credit = WINDOW_BYTES;
  #granted = WINDOW_BYTES;
  #read = 0;
  #waiting: Uint8Array[] = [];
  #inputEnded = false;
  #outputEnded = false;
  #failure: EngineError | undefined;
  #wakeReader: (() => void) | undefined;
  #wakeWriters: (() => void)[] = [];

  constructor(port: StreamPort) {
    this.#port = port;
    this.closed = this.#over.promise;
  }

  readonly input: AsyncIterable<Uint8Array> = {
    [Symbol.asyncIterator]: () => ({ next: () => this.#next() }),
  };

  /** Resolves when the transport has taken the bytes. One writer at a time. @throws EngineError what the stream failed with */
  async write(bytes: Uint8Array): Promise<void> {
    let rest = bytes;
    let sent: Promise<void> | undefined;
    while (rest.length > 0) {
      while (this.#credit === 0 && !this.#failure) await new Promise<void>((resolve) => this.#wakeWriters.push(resolve));
      if (this.#failure) throw this.#failure;
      if (this.#outputEnded) throw new EngineError("System", "a stream was written to after its end");
      const piece = rest.subarray(0, Math.min(this.#credit, MAX_DATA_BYTES));
      this.#credit -= piece.length;
      rest = rest.subarray(piece.length);
      sent = this.#port.send(FRAME.data, piece);
    }
    await sent;
    if (this.#failure) throw this.#failure;
  }

  end(): void {
    if (this.#outputEnded || this.#failure) return;
    this.#outputEnded = true;
    void this.#port.send(FRAME.end, NOTHING);
    this.#settle();
  }

  /** Gives it up in both directions and tells the other side why. */
  fail(error: unknown): void {
    if (this.#failure || (this.#inputEnded && this.#outputEnded)) return;
    const failure = error instanceof EngineError ? error : new EngineError("System", messageOf(error));
    void this.#port.send(FRAME.fail, Buffer.from(JSON.stringify({ kind: failure.kind, message: failure.message.slice(0, MAX_MESSAGE_CHARACTERS) })));
    this.abandon(failure);
  }

  /** The connection has gone, or the other side has given the stream up. */
  abandon(error: EngineError): void {
    if (this.#failure) return;
    this.#failure = error;
    this.#waiting = [];
    this.#wake();
    this.#port.forget();
    this.#over.resolve();
  }

  /** A frame of this stream. @throws EngineError InvalidParameter when the other side breaks the rules */
  receive(kind: FrameKind, payload: Uint8Array): void {
    if (kind === FRAME.data) this.#receiveData(payload);
    else if (kind === FRAME.credit) this.#receiveCredit(payload);
    else if (kind === FRAME.fail) this.abandon(failureOf(payload));
    else if (this.#inputEnded) throw new EngineError("InvalidParameter", "a stream ends twice");
    else {
      this.#inputEnded = true;
      this.#wake();
      this.#settle();
    }
  }

  #receiveData(bytes: Uint8Array): void {
    if (this.#inputEnded) throw new EngineError("InvalidParameter", "a stream goes on after its end");
    this.#granted -= bytes.length;
    if (this.#granted < 0) throw new EngineError("InvalidParameter", "a stream sends more than it may");
    if (bytes.length > 0) this.#waiting.push(bytes);
    this.#wakeReader?.();
    this.#wakeReader = undefined;
  }

  #receiveCredit(payload: Uint8Array): void {
    if (payload.length !== 4) throw new EngineError("InvalidParameter", "credit is a number of four bytes");
    this.#credit += new DataView(payload.buffer, payload.byteOffset, 4).getUint32(0, true);
    if (this.#credit > WINDOW_BYTES) throw new EngineError("InvalidParameter", "more credit than was used");
    this.#wake();
  }

  #wake(): void {
    this.#wakeReader?.();
    this.#wakeReader = undefined;
    for (const resolve of this.#wakeWriters.splice(0)) resolve();
  }

  #settle(): void {
    if (!this.#inputEnded || !this.#outputEnded) return;
    this.#port.forget();
    this.#over.resolve();
  }

  async #next(): Promise<IteratorResult<Uint8Array, undefined>> {
    for (;;) {
      const value = this.#waiting.shift();
      if (value) {
        this.#giveCredit(value.length);
        return { value, done: false };
      }
      if (this.#failure) throw this.#failure;
      if (this.#inputEnded) return { value: undefined, done: true };
      await new Promise<void>((resolve) => (this.#wakeReader = resolve));
    }
  }

  /** In large portions: a frame for each piece would cost more than the piece. */
  #giveCredit(bytes: number): void {
    this.#read += bytes;
    if (this.#read < WINDOW_BYTES / 2 || this.#inputEnded) return;
    const credit = new Uint8Array(4);
    new DataView(credit.buffer).setUint32(0, this.#read, true);
    this.#granted += this.#read;
    this.#read = 0;
    void this.#port.send(FRAME.credit, credit);
  }
}

const KINDS: readonly ErrorKind[] = ["InvalidParameter", "Unauthorized", "Forbidden", "NotFound", "Conflict", "TooLarge", "System", "NotImplemented", "Unavailable"];

function failureOf(payload: Uint8Array): EngineError {
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString("utf8");
  try {
    const { kind, message } = Object(JSON.parse(text)) as { kind?: unknown; message?: unknown };
    return new EngineError(KINDS.find((each) => each === kind) ?? "System", typeof message === "string" ? message : "the other side of the build gave up");
  } catch {
    return new EngineError("System", "the other side of the build gave up");
  }
}

/** All that comes on a stream. @throws EngineError TooLarge */
export async function readAll(stream: Pick<BuildStream, "input">, maxBytes: number, what: string): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const piece of stream.input) {
    sizeBytes += piece.length;
    if (sizeBytes > maxBytes) throw new EngineError("TooLarge", `${what} is larger than ${maxBytes} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
