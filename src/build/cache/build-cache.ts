import { messageOf } from "../../base/mod.ts";
import type { CacheMounts } from "../ops/cache-mounts.ts";
import type { SolverDeps } from "../solver/ports.ts";
import type { LayerRef } from "../solver/types.ts";
import { adoptSteps, knownSteps, parseKnownSteps, type KnownSteps } from "./exchange.ts";
import { cacheFilter, type CacheFilters } from "./filters.ts";
import { defaultPolicy, type PolicyRule } from "./policy.ts";
import { planPrune, type PruneRule } from "./prune-plan.ts";
import type { CacheRecords } from "./records.ts";
import { usageOf, type CacheUsage } from "./usage.ts";

export interface PruneOptions {
  readonly all?: boolean | undefined;
  readonly filters?: CacheFilters | ((usage: CacheUsage) => boolean) | undefined;
  /** What was used since stays (`until`). */
  readonly keepMs?: number | undefined;
  readonly reservedBytes?: number | undefined;
  readonly maxUsedBytes?: number | undefined;
  readonly minFreeBytes?: number | undefined;
}

export interface Pruned {
  readonly records: readonly CacheUsage[];
  readonly bytes: number;
}

/** Records that go in one turn of the event loop. */
const AT_ONCE = 50;
/** The least time between two looks at the policy. */
const COLLECT_PAUSE_MS = 60_000;

/** Builds follow one another: the disk is asked once for several. */
const SETTLE_MS = 2000;

/** What all builds keep: what there is of it, and what of it goes. */
export class BuildCache {
  #collecting: Promise<unknown> | undefined;
  #collectedMs = 0;
  #settling: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(
    readonly records: CacheRecords,
    readonly mounts: CacheMounts,
    readonly deps: Pick<SolverDeps, "disk" | "log" | "sync">,
  ) {}

  /** Oldest use first. @throws EngineError InvalidParameter for a filter that is none */
  usage(filters: CacheFilters = {}): CacheUsage[] {
    return usageOf(this.records, (folder) => this.mounts.isUsed(folder)).filter(cacheFilter(filters));
  }

  /** @throws EngineError InvalidParameter for a filter that is none */
  async prune({ all = false, filters = {}, keepMs = 0, reservedBytes = 0, maxUsedBytes = 0, minFreeBytes = 0 }: PruneOptions, tell: (usage: CacheUsage) => void = () => undefined): Promise<Pruned> {
    return await this.#apply({ matches: typeof filters === "function" ? filters : cacheFilter(filters), all, keepMs, reservedBytes, maxUsedBytes, minFreeBytes }, tell);
  }

  /** What is known of an image's layers, base first, to go along with it (`--cache-to type=inline`). */
  knownSteps(layers: readonly LayerRef[]): KnownSteps[] {
    return knownSteps(this.records, layers);
  }

  /**
   * Makes the steps known that came with an image whose layers are here (`--cache-from`); `steps` as they came.
   * @returns how many were new @throws EngineError InvalidParameter for what is damaged
   */
  adoptSteps(layers: readonly LayerRef[], steps: unknown, description: string): number {
    return adoptSteps(this.records, layers, parseKnownSteps(steps), description);
  }

  get policy(): readonly PolicyRule[] {
    return defaultPolicy(this.deps.disk().totalBytes);
  }

  /** After a build, in the background and not too often: what is too much by the policy goes. Does not fail. */
  collect(): void {
    if (this.#closed || this.#collecting || Date.now() - this.#collectedMs < COLLECT_PAUSE_MS) return;
    this.#collectedMs = Date.now();
    this.#collecting = this.#collect().catch((error: unknown) => this.deps.log(`the build cache could not be cleaned up: ${messageOf(error)}, ignoring; it is tried again after another build`)).finally(() => (this.#collecting = undefined));
  }

  /** After a build, in the background: a power cut from then on costs nothing of what it made. */
  settle(): void {
    this.#settling ??= setTimeout(() => void this.#settle(), SETTLE_MS).unref();
  }

  /** Nothing is begun any more in the background. */
  close(): void {
    clearTimeout(this.#settling);
    this.#closed = true;
  }

  async #settle(): Promise<void> {
    this.#settling = undefined;
    try {
      const ids = this.records.unsynced();
      if (ids.length === 0) return;
      await this.deps.sync();
      if (!this.#closed) this.records.markSynced(ids);
    } catch (error) {
      this.deps.log(`the build cache could not be written to the disk: ${messageOf(error)}, ignoring; after a power cut its last steps run again`);
    }
  }

  async #collect(): Promise<void> {
    for (const rule of this.policy) await this.#apply(rule, () => undefined);
  }

  async #apply(rule: PruneRule, tell: (usage: CacheUsage) => void): Promise<Pruned> {
    const plan = planPrune(this.usage(), rule, { freeBytes: this.deps.disk().freeBytes, nowMs: Date.now() });
    const gone: CacheUsage[] = [];
    for (let at = 0; at < plan.length; at += AT_ONCE) {
      // Builds go on meanwhile: what one of them has taken since stays.
      const inUse = new Set(this.usage().filter((usage) => usage.inUse).map(({ id }) => id));
      for (const usage of plan.slice(at, at + AT_ONCE).filter(({ id }) => !inUse.has(id))) if (this.#remove(usage)) gone.push(usage);
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    gone.forEach(tell);
    return { records: gone, bytes: gone.filter(({ shared }) => !shared).reduce((sum, { size }) => sum + size, 0) };
  }

  #remove({ id }: CacheUsage): boolean {
    const record = this.records.get(id);
    if (!record) return false;
    this.records.remove(id);
    if (record.folder !== undefined) this.mounts.folders.discard(this.mounts.folder(record.folder));
    return true;
  }
}
