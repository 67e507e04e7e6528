import type { Destination, Forwarder } from "../logging/mod.ts";

/** Somebody who is attached to a container whose log has limits. */
export interface LogHold {
  /** The place in the log that this one has read. */
  place: number;
}

/** What the engine does for containers' logs at present: only those have an entry that need something. */
export class LogTable {
  readonly #opened = new Map<string, Destination>();
  readonly #forwarders = new Map<string, Forwarder>();
  readonly #holds = new Map<string, Set<LogHold>>();
  readonly #unheld = new Map<string, (() => void)[]>();

  /** A destination that a start has opened and that its run will use. */
  offer(id: string, destination: Destination): void {
    this.#opened.set(id, destination);
  }

  takeOffered(id: string): Destination | undefined {
    const destination = this.#opened.get(id);
    this.#opened.delete(id);
    return destination;
  }

  forwarder(id: string): Forwarder | undefined {
    return this.#forwarders.get(id);
  }

  /** Listed until it has finished. */
  add(id: string, forwarder: Forwarder): void {
    this.#forwarders.set(id, forwarder);
    void forwarder.finished.then(() => {
      if (this.#forwarders.get(id) === forwarder) this.#forwarders.delete(id);
    });
  }

  /** Stops all of them; what is not delivered yet is, when the engine is next started. */
  async stopAll(): Promise<void> {
    await Promise.all([...this.#forwarders.values()].map((forwarder) => forwarder.stop()));
  }

  hold(id: string, hold: LogHold): void {
    const holds = this.#holds.get(id) ?? new Set();
    this.#holds.set(id, holds.add(hold));
  }

  /** @returns how many are left */
  release(id: string, hold: LogHold): number {
    const holds = this.#holds.get(id);
    holds?.delete(hold);
    if (holds?.size !== 0) return holds?.size ?? 0;
    this.#holds.delete(id);
    for (const wake of this.#unheld.get(id) ?? []) wake();
    this.#unheld.delete(id);
    return 0;
  }

  /** Resolves when nobody is attached any more. */
  async unheld(id: string): Promise<void> {
    if (!this.#holds.has(id)) return;
    await new Promise<void>((resolve) => this.#unheld.set(id, [...(this.#unheld.get(id) ?? []), resolve]));
  }

  isHeld(id: string): boolean {
    return this.#holds.has(id);
  }

  /** The place that everybody has come to; Infinity when nobody is there. */
  heldFrom(id: string): number {
    return Math.min(Infinity, ...[...(this.#holds.get(id) ?? [])].map(({ place }) => place));
  }
}
