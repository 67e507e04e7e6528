import { EngineError } from "../../base/mod.ts";
import type { FrontendCall, SolveRequest } from "./solve-request.ts";
import { StatusStream } from "./status-stream.ts";

/** What the client's part of a build came to: what is to be built, or nothing any more. */
export type Returned = { readonly call: FrontendCall | undefined };

/** One build as its client speaks of it: in several calls, which come in any order. */
export class Job {
  readonly status = new StatusStream();
  readonly #solve = Promise.withResolvers<SolveRequest>();
  readonly #returned = Promise.withResolvers<Returned>();
  readonly #calls = new Map<string, FrontendCall>();
  readonly #holds: Job[] = [];
  #held = 0;
  #askedBytes = 0;
  #freed: (() => void) | undefined;
  isOver = false;

  constructor() {
    this.#returned.promise.catch(() => undefined);
  }

  /** What its client has asked for so far. */
  get askedBytes(): number {
    return this.#askedBytes;
  }

  begin(request: SolveRequest, bytes: number): void {
    this.#askedBytes += bytes;
    this.#solve.resolve(request);
  }

  /** The other one stays, with its client's folders, until this one is over. */
  hold(other: Job): void {
    other.#held++;
    this.#holds.push(other);
  }

  /** Resolves when no other build needs this one any more. */
  async free(signal: AbortSignal): Promise<void> {
    while (this.#held > 0) await unlessAborted(new Promise<void>((resolve) => (this.#freed = resolve)), signal);
  }

  end(): void {
    this.isOver = true;
    this.status.end();
    for (const other of this.#holds.splice(0)) {
      other.#held--;
      other.#freed?.();
    }
  }

  /** What goes with every part of the build. */
  request(signal: AbortSignal): Promise<SolveRequest> {
    return unlessAborted(this.#solve.promise, signal);
  }

  /** What a result is of. @throws EngineError InvalidParameter */
  call(id: string): FrontendCall {
    const call = this.#calls.get(id);
    if (!call) throw new EngineError("InvalidParameter", "a build names a result that is not known");
    return call;
  }

  /** @returns the id that stands for its result */
  remember(call: FrontendCall, bytes: number): string {
    this.#askedBytes += bytes;
    const id = crypto.randomUUID();
    if (this.#calls.size >= MAX_CALLS || this.#askedBytes > MAX_ASKED_BYTES) throw new EngineError("InvalidParameter", "a build asks for too many results");
    this.#calls.set(id, call);
    return id;
  }

  finish(refs: readonly string[], error: string | undefined): void {
    if (error !== undefined) this.#returned.reject(new EngineError("InvalidParameter", error));
    else if (refs.length > 1) this.#returned.reject(new EngineError("NotImplemented", "a build of several results that the client puts together is not supported"));
    else this.#returned.resolve({ call: this.#calls.get(refs[0] ?? "") });
  }

  returned(signal: AbortSignal): Promise<Returned> {
    return unlessAborted(this.#returned.promise, signal);
  }
}

const MAX_CALLS = 100;
const MAX_JOBS = 200;
/** Of all builds of a connection together, in their messages; a single one may have so much, too. */
const MAX_ASKED_BYTES = 32 * 1024 * 1024;

/** The builds of one connection, by the names that the client gives them. */
export class Jobs {
  readonly #jobs = new Map<string, Job>();

  has(ref: string): boolean {
    return this.#jobs.has(ref);
  }

  /** Made where it is named first. @throws EngineError InvalidParameter */
  get(ref: string): Job {
    if (ref === "" || ref.length > 256) throw new EngineError("InvalidParameter", "a build has no name");
    const known = this.#jobs.get(ref);
    if (known) return known;
    // Those that are over stay a while for whoever asks how they went.
    for (const [each, job] of this.#jobs) if (this.#isFull && job.isOver) this.#jobs.delete(each);
    if (this.#isFull) throw new EngineError("Unavailable", "too many builds on one connection");
    const job = new Job();
    this.#jobs.set(ref, job);
    return job;
  }

  get #isFull(): boolean {
    return this.#jobs.size >= MAX_JOBS || [...this.#jobs.values()].reduce((sum, { askedBytes }) => sum + askedBytes, 0) > MAX_ASKED_BYTES;
  }
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  signal.addEventListener("abort", abort);
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
