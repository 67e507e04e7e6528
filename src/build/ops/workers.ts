import { IdleProcesses, JobProcess } from "../../archive/mod.ts";
import { EngineError, type ErrorKind } from "../../base/mod.ts";
import type { WorkerProcess } from "../solver/ports.ts";
import type { FileJob, JobResults } from "../../layer-files/mod.ts";

/** A worker that has nothing to do ends after so long. */
const IDLE_MS = 5000;
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

/**
 * Processes that work on files, so that the engine's event loop need not: started when there is something to do, each doing one job at a
 * time. A job that is called off takes its process with it.
 */
export class Workers implements AsyncDisposable {
  readonly #launch: () => Promise<WorkerProcess>;
  readonly #most: number;
  readonly #idle = new IdleProcesses<Worker>(IDLE_MS);
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #coming: Promise<unknown> | undefined;
  readonly #stopping = new AbortController();

  constructor(launch: () => Promise<WorkerProcess>, most: number) {
    this.#launch = launch;
    this.#most = most;
  }

  /** @throws EngineError with the worker's own reason, or the signal's */
  async run<K extends FileJob["kind"]>(job: FileJob & { readonly kind: K }, signal: AbortSignal): Promise<JobResults[K]> {
    if (this.#coming) await this.#coming;
    signal.throwIfAborted();
    while (this.#idle.count === 0 && this.#running >= this.#most) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running++;
    let worker: Worker | undefined;
    try {
      // Called off while it waited: the turn is the next one's.
      signal.throwIfAborted();
      worker = this.#idle.take() ?? new Worker(await this.#launch());
      const result = await worker.run(job, signal);
      this.#idle.put(worker);
      return result as JobResults[K];
    } catch (error) {
      if (!(error instanceof JobRefused)) worker?.kill();
      else if (worker) this.#idle.put(worker);
      throw error instanceof JobRefused ? error.reason : error;
    } finally {
      this.#running--;
      this.#waiting.shift()?.();
    }
  }

  /** For work that no build waits for: called off when the engine stops. */
  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Something to do will come: a process is started for it, where none waits or works. */
  expect(): void {
    if (this.#idle.count > 0 || this.#running > 0) return;
    this.#coming ??= this.#launch()
      .then((process) => this.#idle.put(new Worker(process)))
      // Whoever has something to do hears why.
      .catch(() => undefined)
      .finally(() => (this.#coming = undefined));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort(new EngineError("System", "the engine is stopping"));
    await this.#coming;
    this.#idle.endAll();
  }
}

/** The job failed, the worker is as good as before. */
class JobRefused extends Error {
  constructor(readonly reason: EngineError) {
    super(reason.message);
  }
}

class Worker extends JobProcess {
  async run(job: FileJob, signal: AbortSignal): Promise<unknown> {
    // It may have been called off while the process was started.
    signal.throwIfAborted();
    const abort = (): void => this.kill();
    signal.addEventListener("abort", abort);
    try {
      await this.ask(job);
      return resultOf(await this.#line());
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  async #line(): Promise<string> {
    const pieces: Uint8Array[] = [];
    for (let bytes = 0; bytes < MAX_ANSWER_BYTES; ) {
      const next = await this.output.next();
      if (next.done) throw new EngineError("System", `the process that worked on files ended with ${await this.exited} and no result`);
      pieces.push(next.value);
      bytes += next.value.length;
      if (next.value.at(-1) === 0x0a) return Buffer.concat(pieces).toString("utf8");
    }
    throw new EngineError("System", "the answer of the process that worked on files is too long");
  }
}

const KINDS: readonly ErrorKind[] = ["InvalidParameter", "NotFound", "TooLarge", "System"];

function resultOf(line: string): unknown {
  const { result, error } = JSON.parse(line) as { readonly result?: unknown; readonly error?: { readonly kind?: unknown; readonly message?: unknown } };
  if (error === undefined) return result;
  throw new JobRefused(new EngineError(KINDS.find((kind) => kind === error.kind) ?? "System", String(error.message).slice(0, 4096)));
}
