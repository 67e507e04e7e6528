/** Work that nobody waits for, except a shutdown and tests. */
export class Background {
  readonly #running = new Set<Promise<void>>();

  /** The work must not reject. */
  add(work: Promise<void>): void {
    this.#running.add(work);
    void work.finally(() => this.#running.delete(work));
  }

  async settled(): Promise<void> {
    await Promise.all(this.#running);
  }
}
