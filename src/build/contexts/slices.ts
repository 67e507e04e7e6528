const SLICE_MS = 3;

/** Long work in small pieces: whoever does it asks after each step whether others must have their turn. */
export class Slices {
  #began = performance.now();

  /** True when a turn of the event loop is due; then `await next()`. */
  get due(): boolean {
    return performance.now() - this.#began > SLICE_MS;
  }

  async next(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#began = performance.now();
  }
}
