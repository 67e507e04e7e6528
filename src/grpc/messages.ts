import { EngineError } from "../base/mod.ts";
import type { Http2Stream } from "./http2/stream.ts";

const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
/** Of messages that have begun to come on all streams of one connection. */
const MAX_UNFINISHED_BYTES = 32 * 1024 * 1024;
const HEAD_BYTES = 5;
const LEAST_CAPACITY = 1024;

/** What one connection may hold of messages that are not whole yet. */
export class UnfinishedMessages {
  #bytes = 0;

  /** @throws EngineError TooLarge */
  change(bytes: number): void {
    if (bytes > 0 && this.#bytes + bytes > MAX_UNFINISHED_BYTES) throw new EngineError("TooLarge", "too many long messages come at once");
    this.#bytes += bytes;
  }
}

/** The messages of one direction of a call. @throws EngineError InvalidParameter, TooLarge */
export async function* readMessages(input: AsyncIterable<Uint8Array>, unfinished: UnfinishedMessages): AsyncGenerator<Uint8Array, void, void> {
  using part = new MessagePart(unfinished);
  for await (const chunk of input) {
    let rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    while (rest.length > 0) {
      // What is whole as it comes is not copied.
      const length = part.length === 0 ? lengthOf(rest) : undefined;
      if (length !== undefined && length <= rest.length) {
        yield rest.subarray(HEAD_BYTES, length);
        rest = rest.subarray(length);
        continue;
      }
      const taken = Math.min(rest.length, part.missing);
      part.add(rest.subarray(0, taken));
      rest = rest.subarray(taken);
      if (part.missing === 0) yield part.take();
    }
  }
  if (part.length > 0) throw new EngineError("InvalidParameter", "a message is cut off");
}

/** With its head; undefined before that has come. @throws EngineError InvalidParameter, TooLarge */
function lengthOf(bytes: Buffer): number | undefined {
  if (bytes.length < HEAD_BYTES) return undefined;
  if (bytes[0] !== 0) throw new EngineError("InvalidParameter", "a message is compressed, which nobody has asked for");
  const length = HEAD_BYTES + bytes.readUInt32BE(1);
  if (length > MAX_MESSAGE_BYTES) throw new EngineError("TooLarge", "a message is too long");
  return length;
}

/** A message that comes in pieces, however small these are. */
class MessagePart implements Disposable {
  length = 0;
  readonly #unfinished: UnfinishedMessages;
  #bytes: Buffer = Buffer.alloc(0);

  constructor(unfinished: UnfinishedMessages) {
    this.#unfinished = unfinished;
  }

  /** Of the head first, then of the message; 0 when it is whole. */
  get missing(): number {
    return (lengthOf(this.#bytes.subarray(0, this.length)) ?? HEAD_BYTES) - this.length;
  }

  add(bytes: Uint8Array): void {
    const length = this.length + bytes.length;
    if (length > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(length, Math.min(2 * this.#bytes.length, MAX_MESSAGE_BYTES), LEAST_CAPACITY));
      this.#unfinished.change(larger.length - this.#bytes.length);
      this.#bytes.copy(larger, 0, 0, this.length);
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, this.length);
    this.length = length;
  }

  take(): Uint8Array {
    const message = this.#bytes.subarray(HEAD_BYTES, this.length);
    this[Symbol.dispose]();
    return message;
  }

  [Symbol.dispose](): void {
    this.#unfinished.change(-this.#bytes.length);
    this.#bytes = Buffer.alloc(0);
    this.length = 0;
  }
}

export async function writeMessage(stream: Http2Stream, message: Uint8Array): Promise<void> {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32BE(message.length, 1);
  await stream.write(Buffer.concat([head, message]));
}
