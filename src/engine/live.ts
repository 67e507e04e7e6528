import type { Cgroup, Shim } from "./ports.ts";

/** A container that runs under this engine's eyes. */
export interface LiveRun {
  readonly shim: Shim;
  readonly cgroup: Cgroup | undefined;
  /** A person asked it to stop: no restart policy applies. */
  stopAsked: boolean;
  /** Its grace period runs, under the container's lock: who is in more of a hurry need not wait for that. */
  stopping: boolean;
  /** A signal on its way, until its event is told. Never rejects. */
  signalled?: Promise<void>;
  /** It is being ended because its health check failed. */
  unhealthy: boolean;
  /** Settles when the exit is recorded and the run's kernel objects are gone. Never rejects. */
  readonly released: Promise<void>;
}

/** The runs by container id, and the restarts that are due. Rebuilt by recovery after a crash. */
export class LiveTable {
  readonly #runs = new Map<string, LiveRun>();
  readonly #restarts = new Map<string, { timer: ReturnType<typeof setTimeout>; delayMs: number }>();
  readonly #backoffMs = new Map<string, number>();
  readonly #deliveries = new Map<string, Set<Promise<void>>>();
  readonly #recovered = Promise.withResolvers<void>();

  get(id: string): LiveRun | undefined {
    return this.#runs.get(id);
  }

  set(id: string, run: LiveRun): void {
    this.#runs.set(id, run);
  }

  delete(id: string): void {
    this.#runs.delete(id);
  }

  values(): IterableIterator<LiveRun> {
    return this.#runs.values();
  }

  get size(): number {
    return this.#runs.size;
  }

  /** A run's output on its way to somebody who is attached, which may last longer than the run. It never rejects. */
  addDelivery(id: string, delivery: Promise<void>): void {
    const all = this.#deliveries.get(id) ?? new Set();
    this.#deliveries.set(id, all.add(delivery));
    void delivery.then(() => {
      all.delete(delivery);
      if (all.size === 0) this.#deliveries.delete(id);
    });
  }

  deliveries(id: string): readonly Promise<void>[] {
    return [...(this.#deliveries.get(id) ?? [])];
  }

  /** What no container held has been swept: from now on restarts that fall due are made. */
  allowRestarts(): void {
    this.#recovered.resolve();
  }

  /** Docker's back-off: 100 ms, doubled by each restart up to a minute, forgotten after ten seconds of life. Recovery is waited for: it would sweep what a new run makes. */
  scheduleRestart(id: string, ranForMs: number, restart: () => void): void {
    const previous = ranForMs >= 10_000 ? 0 : (this.#backoffMs.get(id) ?? 0);
    const delayMs = previous === 0 ? 100 : Math.min(previous * 2, 60_000);
    this.#backoffMs.set(id, delayMs);
    const timer = setTimeout(() => void this.#recovered.promise.then(() => {
      if (this.#restarts.get(id)?.timer !== timer) return;
      this.#restarts.delete(id);
      restart();
    }), delayMs);
    this.#restarts.set(id, { timer, delayMs });
  }

  cancelRestart(id: string): void {
    clearTimeout(this.#restarts.get(id)?.timer);
    this.#restarts.delete(id);
  }

  forget(id: string): void {
    this.cancelRestart(id);
    this.#backoffMs.delete(id);
  }

  cancelAllRestarts(): void {
    for (const id of [...this.#restarts.keys()]) this.cancelRestart(id);
  }
}
