import type { Socket } from "node:net";
import type { ByteDuplex } from "../base/mod.ts";

/** What may wait for a reader before the client is made to wait. */
const MAX_WAITING_BYTES = 256 * 1024;
/** How long a client may take to close its side after we closed ours. */
const LINGER_MS = 10_000;

/** The longest pause between two looks at whether the client has read. */
const MAX_LOOK_MS = 20;

/** The system's descriptor of a connection that is not encrypted; undefined once it is closed. */
export function descriptorOf(socket: Socket): number | undefined {
  const { _handle: handle } = socket as unknown as { readonly _handle?: { readonly fd?: unknown } | null };
  return typeof handle?.fd === "number" && handle.fd >= 0 ? handle.fd : undefined;
}

/** How much of what was written to a descriptor the client has not read yet; 0 where that cannot be known. */
export type Unread = (descriptor: number) => number;

/** A hijacked connection. Reads ahead up to a bound, so that a client that leaves is noticed even if nobody reads. */
export class SocketDuplex implements ByteDuplex {
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #unread: Unread;
  /** Resolves when what must be read by itself has been read. */
  #read: Promise<void> | undefined;
  #awaitsReader = false;
  readonly #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #inputEnded = false;
  #discarding = false;
  #wakeReader: (() => void) | undefined;

  /** @param head bytes that came right behind the request */
  constructor(socket: Socket, head: Uint8Array, unread: Unread) {
    this.#socket = socket;
    this.#unread = unread;
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

  /**
   * Writes what the client must read by itself: a client that reads the head of a reply through a buffer (docker-py) would lose what
   * came with it. Only the next write waits for that.
   */
  async writeAhead(bytes: Uint8Array): Promise<void> {
    await this.write(bytes);
    this.#awaitsReader = true;
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#awaitsReader) await (this.#read ??= this.#untilRead());
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

  /** There is nothing that tells when the other end reads: it is looked at, and mostly it has read long before there is output. */
  async #untilRead(): Promise<void> {
    for (let pause = 1; !this.#socket.destroyed; pause = Math.min(pause * 2, MAX_LOOK_MS)) {
      const descriptor = descriptorOf(this.#socket);
      if (descriptor === undefined || this.#unread(descriptor) === 0) break;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
    this.#awaitsReader = false;
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
