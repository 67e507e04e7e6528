import { closeFd, sendFds, socketPair, spawnFd, waitExit } from "../linux/mod.ts";

/** Enough for one command; a burst starts its own. */
const SPARES = 2;
/** After the last use: whoever has just started something should have the processor. */
const REFILL_MS = 60;

interface Spare {
  readonly pid: number;
  /** Our end of the socket over which the spare gets its plan and descriptors. */
  readonly socket: number;
}

/**
 * Shims that run already and wait for something to do, so that a start pays neither for making a process nor for loading
 * one. A spare ends when its socket closes: by `dispose`, or with the engine.
 */
export class SpareShims implements Disposable {
  readonly #waiting: Spare[] = [];
  #refill: ReturnType<typeof setTimeout> | undefined;
  #disposed = false;

  constructor(
    private readonly program: number,
    private readonly devNull: number,
    private readonly wanted = SPARES,
  ) {
    this.#scheduleRefill();
  }

  /** Hands plan, socket and further descriptors to a spare. @returns its pid, now a shim's; undefined when none waits */
  use(fds: readonly number[]): number | undefined {
    for (let spare = this.#waiting.pop(); spare; spare = this.#waiting.pop()) {
      this.#scheduleRefill();
      try {
        sendFds(spare.socket, Uint8Array.of(1), fds);
        return spare.pid;
      } catch {
        // It was killed while it waited, ignoring: the next one, or a new process, does as well.
        void waitExit(spare.pid);
      } finally {
        closeFd(spare.socket);
      }
    }
    return undefined;
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    clearTimeout(this.#refill);
    for (const { socket, pid } of this.#waiting.splice(0)) {
      closeFd(socket);
      void waitExit(pid);
    }
  }

  #scheduleRefill(): void {
    clearTimeout(this.#refill);
    if (this.wanted === 0) return;
    this.#refill = setTimeout(() => this.#fill(), REFILL_MS).unref();
  }

  #fill(): void {
    if (this.#disposed || this.#waiting.length >= this.wanted) return;
    const [ours, theirs] = socketPair();
    try {
      const pid = spawnFd({ exeFd: this.program, argv: ["hako-shim"], env: [], fds: [this.devNull, this.devNull, this.devNull, theirs] });
      this.#waiting.push({ pid, socket: ours });
    } catch {
      // No process to be had now, ignoring: a start that needs one will say so.
      closeFd(ours);
      return;
    } finally {
      closeFd(theirs);
    }
    this.#scheduleRefill();
  }
}
