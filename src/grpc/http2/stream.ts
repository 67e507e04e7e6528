import { EngineError } from "../../base/mod.ts";
import type { HeaderList } from "./hpack.ts";

/** That wait for the reader. */
const MAX_PIECES = 1024;

/** What a stream needs of its connection. */
export interface StreamPort {
  headers(list: HeaderList, end: boolean): void;
  /** As much as both windows allow; resolves when the transport has taken it. */
  data(bytes: Uint8Array, end: boolean): Promise<void>;
  /** The reader has taken so many bytes: the other side may send as many again. */
  consumed(bytes: number): void;
  reset(reason: number): void;
}

/** One exchange of a connection: headers, bytes and, at the end, headers again, both ways. */
export class Http2Stream {
  /** Aborted when it is over before its end. */
  readonly signal: AbortSignal;
  /** The first headers of the other side; rejects when it is over before. */
  readonly head: Promise<HeaderList>;
  readonly input: AsyncIterable<Uint8Array> = { [Symbol.asyncIterator]: () => ({ next: () => this.#next() }) };
  /** The last headers of the other side: read them when `input` has ended. */
  trailers: HeaderList | undefined;
  readonly #port: StreamPort;
  readonly #abort = new AbortController();
  readonly #head = Promise.withResolvers<HeaderList>();
  #waiting: Uint8Array[] = [];
  #hasHead = false;
  #inputEnded = false;
  #outputEnded = false;
  #wake: (() => void) | undefined;

  constructor(port: StreamPort) {
    this.#port = port;
    this.signal = this.#abort.signal;
    this.head = this.#head.promise;
    this.head.catch(() => undefined);
  }

  get isOver(): boolean {
    return (this.#inputEnded && this.#outputEnded) || this.signal.aborted;
  }

  sendHeaders(list: HeaderList, end = false): void {
    if (this.signal.aborted || this.#outputEnded) return;
    if (end) this.#outputEnded = true;
    this.#port.headers(list, end);
  }

  /** @throws EngineError when the stream is over */
  async write(bytes: Uint8Array): Promise<void> {
    this.signal.throwIfAborted();
    await this.#port.data(bytes, false);
  }

  end(): void {
    if (this.signal.aborted || this.#outputEnded) return;
    this.#outputEnded = true;
    void this.#port.data(new Uint8Array(0), true).catch(() => undefined);
  }

  /** Gives it up; tells the other side so. */
  reset(reason: number): void {
    if (this.isOver) return;
    this.#port.reset(reason);
    this.abandon(new EngineError("Unavailable", "the stream was given up"));
  }

  receiveHeaders(list: HeaderList, end: boolean): void {
    if (this.#hasHead) this.trailers = list;
    else {
      this.#hasHead = true;
      if (end) this.trailers = list;
      this.#head.resolve(list);
    }
    if (end) this.#endInput();
  }

  receive(bytes: Uint8Array, end: boolean): void {
    if (bytes.length > 0) this.#keep(bytes);
    if (end) this.#inputEnded = true;
    this.#awake();
  }

  /** Windows count bytes: what little pieces cost beside that is kept small, too. */
  #keep(bytes: Uint8Array): void {
    // A small part of what came at once would keep all of it.
    this.#waiting.push(bytes.length * 4 < bytes.buffer.byteLength ? new Uint8Array(bytes) : bytes);
    if (this.#waiting.length >= MAX_PIECES) this.#waiting = [Buffer.concat(this.#waiting)];
  }

  get inputEnded(): boolean {
    return this.#inputEnded;
  }

  abandon(reason: EngineError): void {
    if (this.signal.aborted) return;
    this.#abort.abort(reason);
    this.#head.reject(reason);
    this.#awake();
  }

  #endInput(): void {
    this.#inputEnded = true;
    this.#awake();
  }

  #awake(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  async #next(): Promise<IteratorResult<Uint8Array, undefined>> {
    for (;;) {
      const value = this.#waiting.shift();
      if (value) {
        this.#port.consumed(value.length);
        return { value, done: false };
      }
      if (this.#inputEnded) return { value: undefined, done: true };
      this.signal.throwIfAborted();
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
