import type { Probe } from "./probe.ts";
import type { HealthState, ProbeTiming } from "./state.ts";

/** The watch over one running container's health. */
export interface HealthMonitor {
  readonly probe: Probe;
  readonly timing: ProbeTiming;
  readonly startedAtMs: number;
  state: HealthState;
  /** The next probe; the runtime keeps all timers in one heap. */
  timer: ReturnType<typeof setTimeout> | undefined;
  /** The probe under way. */
  probing: AbortController | undefined;
}

/** Probes that are being started at the same moment: after a restart of the engine many are due at once. */
const STARTING_AT_ONCE = 8;

export class HealthTable {
  readonly #byId = new Map<string, HealthMonitor>();
  readonly #waiting: (() => void)[] = [];
  #starting = 0;

  get(id: string): HealthMonitor | undefined {
    return this.#byId.get(id);
  }

  set(id: string, monitor: HealthMonitor): void {
    this.#byId.set(id, monitor);
  }

  delete(id: string): void {
    this.#byId.delete(id);
  }

  values(): IterableIterator<HealthMonitor> {
    return this.#byId.values();
  }

  /** Waits for a turn to start a probe; dispose it once the probe runs. */
  async turn(): Promise<Disposable> {
    if (this.#starting < STARTING_AT_ONCE) this.#starting++;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return {
      [Symbol.dispose]: () => {
        const next = this.#waiting.shift();
        if (next) next();
        else this.#starting--;
      },
    };
  }
}
