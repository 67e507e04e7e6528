import type { ByteDuplex } from "../../base/mod.ts";
import { closeFrame, frame, FrameReader, OPCODE, STATUS } from "./frames.ts";

/** A stream of bytes over a WebSocket's messages. Whatever the client closes ends both directions, as RFC 6455 has no half-close. */
export class WebSocketDuplex implements ByteDuplex {
  readonly input: AsyncIterable<Uint8Array>;
  readonly closed: Promise<void>;
  readonly #under: ByteDuplex;
  readonly #opcode: number;
  readonly #left = Promise.withResolvers<void>();
  #ended = false;

  /** @param text send text frames, for clients of API versions before 1.28 */
  constructor(under: ByteDuplex, text: boolean) {
    this.#under = under;
    this.#opcode = text ? OPCODE.TEXT : OPCODE.BINARY;
    this.closed = this.#left.promise;
    void under.closed.then(() => this.#left.resolve());
    // Read whether or not anybody takes the input: pings are answered and a farewell is heard.
    const waiting = new WaitingInput();
    this.input = waiting;
    void this.#read(waiting);
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#ended) throw new Error("the client has closed the connection");
    if (bytes.length > 0) await this.#under.write(frame(this.#opcode, bytes));
  }

  end(): void {
    this.#close(STATUS.NORMAL);
  }

  async #read(waiting: WaitingInput): Promise<void> {
    const reader = new FrameReader();
    for await (const chunk of this.#under.input) {
      for (const event of reader.push(chunk)) {
        if (event.kind === "data") await waiting.put(event.bytes, this.closed);
        else if (event.kind === "ping") await this.#under.write(frame(OPCODE.PONG, event.bytes)).catch(() => undefined);
        else {
          this.#close(event.kind === "close" ? STATUS.NORMAL : STATUS.PROTOCOL_ERROR);
          this.#left.resolve();
        }
      }
    }
    waiting.finish();
    this.#left.resolve();
  }

  #close(status: number): void {
    if (this.#ended) return;
    this.#ended = true;
    // A client that has gone needs no farewell.
    this.#under.write(closeFrame(status)).catch(() => undefined);
  }
}

const MAX_WAITING_BYTES = 256 * 1024;

/** What a client has sent, up to a bound; then it is made to wait, and so is what it says besides. */
class WaitingInput implements AsyncIterable<Uint8Array> {
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;
  #finished = false;
  #wakeReader: (() => void) | undefined;
  #wakeWriter: (() => void) | undefined;

  async put(bytes: Uint8Array, gone: Promise<void>): Promise<void> {
    this.#chunks.push(bytes);
    this.#bytes += bytes.length;
    this.#wakeReader?.();
    if (this.#bytes <= MAX_WAITING_BYTES) return;
    await Promise.race([gone, new Promise<void>((resolve) => (this.#wakeWriter = resolve))]);
  }

  finish(): void {
    this.#finished = true;
    this.#wakeReader?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk) {
        this.#bytes -= chunk.length;
        if (this.#bytes <= MAX_WAITING_BYTES) this.#wakeWriter?.();
        yield chunk;
      } else if (this.#finished) return;
      else await new Promise<void>((resolve) => (this.#wakeReader = resolve));
    }
  }
}
