import { nowNs } from "../../base/mod.ts";
import type { BuildClient } from "../client.ts";
import type { VertexTeller } from "./events.ts";
import type { StepSettings } from "./ports.ts";
import type { LayerRef } from "./types.ts";

/** What who joins late is shown of a step's output. */
const REPLAY_BYTES = 256 * 1024;

/** A build that waits for a job. */
export interface Waiter {
  readonly teller: VertexTeller;
  readonly client: BuildClient;
  readonly keepFailed: boolean;
  readonly steps: StepSettings | undefined;
}

/** What the work of a job is done with. */
export interface JobContext {
  /** Aborted when nobody waits any more. */
  readonly signal: AbortSignal;
  log(stream: 1 | 2, bytes: Uint8Array, timeNs: bigint): void;
  /** Progress of a part; `completed` once. */
  status(id: string, current: number, total: number | undefined, completed: boolean): void;
  /** Of those who wait, the one that came first. */
  client(): BuildClient;
  /** Of the same one. */
  settings(): StepSettings | undefined;
  readonly keepFailed: boolean;
}

/** Work that several builds may wait for. It is called off when the last of them has gone. */
export class Job implements JobContext {
  readonly promise: Promise<readonly LayerRef[]>;
  readonly #abort = new AbortController();
  readonly #waiters = new Set<Waiter>();
  readonly #replay: { readonly stream: 1 | 2; readonly bytes: Uint8Array; readonly timeNs: bigint }[] = [];
  readonly #began = new Map<string, bigint>();
  #replayBytes = 0;
  #settled = false;

  constructor(first: Waiter, work: (context: JobContext) => Promise<readonly LayerRef[]>) {
    this.#waiters.add(first);
    this.promise = work(this).finally(() => (this.#settled = true));
    // Each waiter awaits it; all may have gone.
    this.promise.catch(() => undefined);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get keepFailed(): boolean {
    return [...this.#waiters].some(({ keepFailed }) => keepFailed);
  }

  /** Nobody may join any more. */
  get over(): boolean {
    return this.#settled || this.#abort.signal.aborted;
  }

  callOff(reason: Error): void {
    this.#abort.abort(reason);
  }

  client(): BuildClient {
    return this.#first().client;
  }

  settings(): StepSettings | undefined {
    return this.#first().steps;
  }

  /** Resolves for this waiter; rejects as soon as its own signal is aborted. */
  async wait(waiter: Waiter, signal: AbortSignal): Promise<readonly LayerRef[]> {
    if (!this.#waiters.has(waiter)) this.#join(waiter);
    waiter.teller.started();
    const { promise: gone, reject } = Promise.withResolvers<never>();
    const leave = (): void => {
      this.#waiters.delete(waiter);
      if (this.#waiters.size === 0 && !this.#settled) this.#abort.abort(signal.reason);
      // Who goes last waits until the work has stopped: then nothing is left of it.
      if (this.#waiters.size > 0) reject(signal.reason as Error);
    };
    gone.catch(() => undefined);
    signal.addEventListener("abort", leave);
    try {
      if (signal.aborted) leave();
      return await Promise.race([this.promise, gone]);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw error;
    } finally {
      signal.removeEventListener("abort", leave);
      this.#waiters.delete(waiter);
    }
  }

  log(stream: 1 | 2, bytes: Uint8Array, timeNs: bigint): void {
    if (this.#replayBytes + bytes.length <= REPLAY_BYTES) {
      this.#replay.push({ stream, bytes, timeNs });
      this.#replayBytes += bytes.length;
    }
    for (const { teller } of this.#waiters) teller.log(stream, bytes, timeNs);
  }

  status(id: string, current: number, total: number | undefined, completed: boolean): void {
    const began = this.#began.get(id) ?? nowNs();
    this.#began.set(id, began);
    for (const { teller } of this.#waiters) teller.status(id, current, total, began, completed ? nowNs() : undefined);
  }

  #first(): Waiter {
    const [first] = this.#waiters;
    if (!first) throw this.signal.reason ?? new Error("nobody waits for this step");
    return first;
  }

  #join(waiter: Waiter): void {
    this.#waiters.add(waiter);
    waiter.teller.started();
    for (const { stream, bytes, timeNs } of this.#replay) waiter.teller.log(stream, bytes, timeNs);
  }
}

