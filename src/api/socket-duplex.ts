import type { Socket } from "node:net";
import type { ByteDuplex } from "../base/mod.ts";

/** What may wait for a reader before the client is made to wait. */
const MAX_WAITING_BYTES = 256 * 1024;
/** How long a client may take to close its side after we closed ours. */
const LINGER_MS = 10_000;

/** A hijacked connection. Reads ahead up to a bound, so that a client that leaves is noticed even if nobody reads. */
export class SocketDuplex implements ByteDuplex {
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #inputEnded = false;
  #discarding = false;
  #wakeReader: (() => void) | undefined;

  /** @param head bytes that came right behind the request */
  constructor(socket: Socket, head: Uint8Array) {
    this.#socket = socket;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    socket.on("data", (chunk: Uint8Array) => this.#receive(chunk));
    socket.on("end", () => this.#endInput());
    // A reset shows as the end of both directions.
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      this.#endInput();
      resolve();
    });
    if (head.length > 0) this.#receive(head);
    if (socket.destroyed) {
      this.#endInput();
      resolve();
    }
    socket.resume();
  }

  readonly input: AsyncIterable<Uint8Array> = {
    [Symbol.asyncIterator]: () => ({ next: () => this.#next() }),
  };

  /** Takes exactly `length` bytes (a request body), or fewer when the client ends before. */
  async take(length: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let missing = length;
    while (missing > 0) {
      const { value, done } = await this.#next();
      if (done) break;
      if (value.length > missing) this.#putBack(value.subarray(missing));
      const part = value.subarray(0, missing);
      parts.push(part);
      missing -= part.length;
    }
    return Buffer.concat(parts);
  }

  async write(bytes: Uint8Array): Promise<void> {
    const socket = this.#socket;
    if (socket.destroyed || !socket.writable) throw new Error("the client has closed the connection");
    if (socket.write(bytes)) return;
    await new Promise<void>((resolve, reject) => {
      const drained = (): void => {
        socket.off("close", gone);
        resolve();
      };
      const gone = (): void => {
        socket.off("drain", drained);
        reject(new Error("the client has closed the connection"));
      };
      socket.once("drain", drained);
      socket.once("close", gone);
    });
  }

  end(): void {
    this.#socket.end();
  }

  /** Ends our side and lets the client finish; what it still sends is dropped, for closing over unread bytes would be a reset. */
  finish(): void {
    this.#discarding = true;
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
    this.#socket.end();
    if (this.#socket.destroyed) return;
    this.#socket.resume();
    if (this.#inputEnded) return;
    const timer = setTimeout(() => this.#socket.destroy(), LINGER_MS);
    void this.closed.then(() => clearTimeout(timer));
  }

  #receive(chunk: Uint8Array): void {
    if (this.#discarding) return;
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.length;
    if (this.#waitingBytes > MAX_WAITING_BYTES) this.#socket.pause();
    this.#wake();
  }

  #putBack(rest: Uint8Array): void {
    this.#waiting.unshift(rest);
    this.#waitingBytes += rest.length;
  }

  #endInput(): void {
    this.#inputEnded = true;
    this.#wake();
  }

  #wake(): void {
    this.#wakeReader?.();
    this.#wakeReader = undefined;
  }

  async #next(): Promise<IteratorResult<Uint8Array, undefined>> {
    for (;;) {
      const value = this.#waiting.shift();
      if (value) {
        this.#waitingBytes -= value.length;
        if (this.#waitingBytes <= MAX_WAITING_BYTES) this.#socket.resume();
        return { value, done: false };
      }
      if (this.#inputEnded) return { value: undefined, done: true };
      await new Promise<void>((resolve) => (this.#wakeReader = resolve));
    }
  }
}
