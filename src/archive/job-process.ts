import type { GrowingProcess } from "./growing.ts";
import { jobBytes } from "./job-input.ts";

/** A helper that does job after job, each of which is written to its standard input. */
export class JobProcess {
  hasEnded = false;
  readonly output: AsyncIterator<Uint8Array>;
  readonly #process: GrowingProcess;

  constructor(process: GrowingProcess) {
    this.#process = process;
    this.output = process.stdout[Symbol.asyncIterator]();
    // Whoever gave it a job hears of its end by what is missing.
    const ended = (): void => void (this.hasEnded = true);
    process.exited.then(ended, ended);
  }

  get exited(): Promise<number> {
    return this.#process.exited;
  }

  async ask(job: unknown): Promise<void> {
    await this.#process.stdin.write(jobBytes(job));
  }

  end(): void {
    this.#process.stdin.end();
    void this.output.return?.();
  }

  kill(): void {
    this.hasEnded = true;
    void this.#process.kill().catch(() => undefined);
    this.end();
  }
}

/** Those that have nothing to do, for a while. */
export class IdleProcesses<Process extends JobProcess> {
  readonly #idle = new Map<Process, ReturnType<typeof setTimeout>>();

  /** @param idleMs after which one is ended */
  constructor(readonly idleMs: number) {}

  get count(): number {
    return this.#idle.size;
  }

  /** The one that came last. What somebody has killed meanwhile does no job any more. */
  take(): Process | undefined {
    for (const process of [...this.#idle.keys()].reverse()) {
      clearTimeout(this.#idle.get(process));
      this.#idle.delete(process);
      if (!process.hasEnded) return process;
      process.kill();
    }
    return undefined;
  }

  put(process: Process): void {
    // What had arrived before it was killed may have been all that it was asked for.
    if (process.hasEnded) return process.kill();
    this.#idle.set(process, setTimeout(() => {
      this.#idle.delete(process);
      process.end();
    }, this.idleMs).unref());
  }

  endAll(): void {
    for (const [process, timer] of this.#idle) {
      clearTimeout(timer);
      process.end();
    }
    this.#idle.clear();
  }
}
