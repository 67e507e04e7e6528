/** Lets a number in at a time, in order of arrival; the number may change while it is in use. */
export class Semaphore {
  readonly #slots: () => number;
  readonly #waiting: (() => void)[] = [];
  #inside = 0;

  constructor(slots: number | (() => number)) {
    this.#slots = typeof slots === "number" ? () => slots : slots;
  }

  /** Whether whoever comes now must wait. */
  get full(): boolean {
    return this.#inside >= this.#slots();
  }

  /** @throws the signal's reason when it is aborted before the turn comes */
  async run<T>(body: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    await this.#enter(signal);
    try {
      signal?.throwIfAborted();
      return await body();
    } finally {
      this.#leave();
    }
  }

  /** What the source yields, which is inside for as long as it yields. @throws the signal's reason when it is aborted before the turn comes */
  async *during<T>(source: AsyncIterable<T>, signal?: AbortSignal): AsyncGenerator<T, void, void> {
    await this.#enter(signal);
    try {
      signal?.throwIfAborted();
      yield* source;
    } finally {
      this.#leave();
    }
  }

  async #enter(signal: AbortSignal | undefined): Promise<void> {
    if (this.full) await this.#turn(signal);
    else this.#inside++;
  }

  #leave(): void {
    this.#inside--;
    while (!this.full && this.#waiting.length > 0) {
      this.#inside++;
      this.#waiting.shift()?.();
    }
  }

  /** Resolves with a slot taken. */
  #turn(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1);
        reject(signal?.reason);
      };
      const enter = (): void => {
        signal?.removeEventListener("abort", abort);
        resolve();
      };
      this.#waiting.push(enter);
      signal?.addEventListener("abort", abort, { once: true });
      if (signal?.aborted) abort();
    });
  }
}
