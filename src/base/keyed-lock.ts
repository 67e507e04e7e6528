/** Mutual exclusion per key: holders of different keys never wait for each other. FIFO per key. */
export class KeyedLock {
  readonly #tails = new Map<string, Promise<void>>();

  /** Waits for the key and returns the hold; dispose it to let the next in. */
  async acquire(key: string): Promise<Disposable> {
    const previous = this.#tails.get(key);
    const { promise, resolve } = Promise.withResolvers<void>();
    const tail = previous ? previous.then(() => promise) : promise;
    this.#tails.set(key, tail);
    if (previous) await previous;
    return {
      [Symbol.dispose]: () => {
        if (this.#tails.get(key) === tail) this.#tails.delete(key);
        resolve();
      },
    };
  }
}
