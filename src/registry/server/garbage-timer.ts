import { messageOf } from "../../base/mod.ts";
import { collectGarbage, type GarbagePolicy, type GarbageReport } from "./collect-garbage.ts";
import { evictUnused, type EvictionPolicy } from "./evict.ts";
import type { Metrics } from "./metrics.ts";
import type { Repositories } from "./repositories.ts";

export interface GarbageTimerOptions extends GarbagePolicy {
  readonly intervalMs: number;
  /** Of a cache: what is let go of before. */
  readonly evict?: EvictionPolicy | undefined;
  readonly metrics: Metrics;
  readonly report: (sentence: string) => void;
}

/** The longest that a timer of the runtime can wait. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Collects again and again while the registry serves. Dispose it to stop; a collection under way is not waited for: it can end anywhere. */
export function collectRegularly(repositories: Repositories, { intervalMs, evict, metrics, report, ...policy }: GarbageTimerOptions): Disposable {
  if (intervalMs <= 0) return { [Symbol.dispose]: () => undefined };
  // Several servers of one storage should not all begin in the same second.
  const nextMs = (): number => Math.min(MAX_TIMER_MS, intervalMs * (0.9 + Math.random() * 0.2));
  const run = async (): Promise<void> => {
    const beganMs = performance.now();
    try {
      if (evict) metrics.add("cache_evicted_total", await evictUnused(repositories, evict, report));
      const counts = await collectGarbage(repositories, policy, report);
      recordCollection(metrics, counts, performance.now() - beganMs);
    } catch (error) {
      report(`garbage collection failed: ${messageOf(error)}; it will be tried again`);
    }
    if (!isStopped) timer = setTimeout(() => void run(), nextMs());
  };
  let isStopped = false;
  let timer = setTimeout(() => void run(), nextMs());
  return {
    [Symbol.dispose]: () => {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}

function recordCollection(metrics: Metrics, { manifests, links, blobs, uploads, freedBytes }: GarbageReport, ms: number): void {
  metrics.add("gc_runs_total", 1);
  metrics.set("gc_last_seconds", ms / 1000);
  metrics.add("gc_freed_bytes_total", freedBytes);
  for (const [kind, count] of Object.entries({ manifest: manifests, link: links, blob: blobs, upload: uploads })) metrics.add("gc_removed_total", count, { kind });
}
