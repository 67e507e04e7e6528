import { join } from "node:path";
import { EngineError } from "../../base/mod.ts";
import { BuildCache } from "../cache/build-cache.ts";
import { CacheRecords } from "../cache/records.ts";
import type { Vertex } from "../graph/vertex.ts";
import { CacheMounts } from "../ops/cache-mounts.ts";
import { Workers } from "../ops/workers.ts";
import { Job, type JobContext, type Waiter } from "./job.ts";
import type { SolverDeps } from "./ports.ts";
import { Solve } from "./solve.ts";
import type { LayerRef, Solved, SolveOptions, Solver } from "./types.ts";

/** What all builds of an engine share. */
export interface SolverParts extends SolverDeps {
  readonly records: CacheRecords;
  readonly workers: Workers;
  readonly cacheMounts: CacheMounts;
  readonly jobs: Jobs;
}

const WORKERS = 2;

/** Sweeps what a crash left of builds. */
export function openSolver(deps: SolverDeps): Solver & { readonly parts: SolverParts } {
  const records = new CacheRecords(deps.db, deps.layers);
  records.sweep();
  const workers = new Workers(() => deps.launchWorker(), WORKERS);
  const measure = async (folder: string): Promise<number> => (await workers.run({ kind: "size", folder }, new AbortController().signal)).bytes;
  const cacheMounts = new CacheMounts(join(deps.folder, "mounts"), records, { discard: (folder) => deps.layers.discard(folder), measure });
  const cache = new BuildCache(records, cacheMounts, deps);
  const parts: SolverParts = { ...deps, records, workers, cacheMounts, jobs: new Jobs() };
  return {
    parts,
    cache,
    packages: (layers, signal) => workers.run({ kind: "packages", folders: layers.map(({ n }) => deps.layers.folder(n)).reverse() }, signal),
    solve: async (targets: readonly Vertex[], options: SolveOptions): Promise<Solved> => {
      const solved = await new Solve(parts, options).run(targets);
      const release = async (): Promise<void> => {
        await solved[Symbol.asyncDispose]();
        cache.collect();
        cache.settle();
      };
      return { results: solved.results, get everything() { return solved.everything; }, [Symbol.asyncDispose]: release };
    },
    [Symbol.asyncDispose]: async () => {
      cache.close();
      await parts.jobs.callOff();
      await workers[Symbol.asyncDispose]();
    },
  };
}

/** Work that the engine does not finish. */
const STOPPING = "the engine is stopping";

/** The work under way, by key: what is asked for again meanwhile is not done twice. */
export class Jobs {
  readonly #running = new Map<string, Job>();
  readonly #all = new Set<Job>();

  /** The job with that key, joined or begun. */
  join(key: string, waiter: Waiter, work: (context: JobContext) => Promise<readonly LayerRef[]>): Job {
    const known = this.#running.get(key);
    if (known && !known.over) return known;
    const job = new Job(waiter, work);
    this.#all.add(job);
    this.#running.set(key, job);
    const forget = (): void => {
      this.#all.delete(job);
      if (this.#running.get(key) === job) this.#running.delete(key);
    };
    job.promise.then(forget, forget);
    return job;
  }

  /** Resolves when nothing is left of any of them. */
  async callOff(): Promise<void> {
    const jobs = [...this.#all];
    for (const job of jobs) job.callOff(new EngineError("Unavailable", STOPPING));
    await Promise.allSettled(jobs.map(({ promise }) => promise));
  }
}
