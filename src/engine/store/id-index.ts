/** Ids in order, so that a prefix is found by bisection whatever the number of containers. */
export class IdIndex {
  readonly #ids: string[] = [];

  add(id: string): void {
    this.#ids.splice(this.#lowerBound(id), 0, id);
  }

  delete(id: string): void {
    const at = this.#lowerBound(id);
    if (this.#ids[at] === id) this.#ids.splice(at, 1);
  }

  /** At most two matches: enough to tell none, one, and ambiguous apart. */
  find(prefix: string): readonly string[] {
    const at = this.#lowerBound(prefix);
    return this.#ids.slice(at, at + 2).filter((id) => id.startsWith(prefix));
  }

  #lowerBound(key: string): number {
    let low = 0;
    let high = this.#ids.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ids[middle] as string) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
