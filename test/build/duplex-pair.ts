import type { ByteDuplex } from "../../src/base/mod.ts";

class End implements ByteDuplex {
  readonly closed: Promise<void>;
  readonly #over = Promise.withResolvers<void>();
  readonly #waiting: Uint8Array[] = [];
  #ended = false;
  #wake: (() => void) | undefined;
  peer: End | undefined;

  constructor() {
    this.closed = this.#over.promise;
  }

  readonly input: AsyncIterable<Uint8Array> = { [Symbol.asyncIterator]: () => ({ next: () => this.#next() }) };

  async write(bytes: Uint8Array): Promise<void> {
    if (!this.peer || this.peer.#ended) throw new Error("closed");
    this.peer.#waiting.push(bytes.slice());
    this.peer.#wake?.();
    await new Promise((resolve) => setImmediate(resolve));
  }

  end(): void {
    for (const side of [this, this.peer]) {
      if (!side) continue;
      side.#ended = true;
      side.#wake?.();
      side.#over.resolve();
    }
  }

  async #next(): Promise<IteratorResult<Uint8Array, undefined>> {
    for (;;) {
      const value = this.#waiting.shift();
      if (value) return { value, done: false };
      if (this.#ended) return { value: undefined, done: true };
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

/** Two ends of a connection in memory. */
export function duplexPair(): [ByteDuplex, ByteDuplex] {
  const [left, right] = [new End(), new End()];
  left.peer = right;
  right.peer = left;
  return [left, right];
}
