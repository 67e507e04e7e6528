/**
 * Many readers of a log on one one-shot WATCH: the shim is asked for the least advanced reader, and asked again when
 * some still wait.
 */
export class LogWatchers {
  readonly #waiting = new Set<{ end: number; resolve: (end: number) => void }>();
  #known = 0;
  #asked: number | undefined;
  #finished = false;

  constructor(private readonly ask: (end: number) => void) {}

  /** Resolves with the log's end once it is past `end`, or when it will not grow any more. */
  wait(end: number): Promise<number> {
    if (this.#known > end || this.#finished) return Promise.resolve(Math.max(this.#known, end));
    return new Promise((resolve) => {
      this.#waiting.add({ end, resolve });
      this.#askForLeast();
    });
  }

  reached(end: number): void {
    this.#known = Math.max(this.#known, end);
    this.#asked = undefined;
    this.#release((waiter) => waiter.end < this.#known);
    this.#askForLeast();
  }

  finish(): void {
    this.#finished = true;
    this.#release(() => true);
  }

  #release(ready: (waiter: { end: number }) => boolean): void {
    for (const waiter of this.#waiting) {
      if (!ready(waiter)) continue;
      this.#waiting.delete(waiter);
      waiter.resolve(Math.max(this.#known, waiter.end));
    }
  }

  #askForLeast(): void {
    let least = Infinity;
    for (const { end } of this.#waiting) least = Math.min(least, end);
    if (least === Infinity || (this.#asked !== undefined && this.#asked <= least)) return;
    this.#asked = least;
    this.ask(least);
  }
}
