import { formatInstant } from "../../base/mod.ts";
import type { CacheUsage, KeptContext, Pruned, PruneOptions } from "../../build/mod.ts";
import type { EngineContext } from "../context.ts";
import type { Filters } from "../options.ts";
import { parsePointInTime } from "../time-text.ts";

export interface PruneBuildCacheRequest {
  /** Also what is still of use. */
  readonly all: boolean;
  readonly filters: Filters;
  readonly reservedBytes: number | undefined;
  readonly maxUsedBytes: number | undefined;
  readonly minFreeBytes: number | undefined;
}

/** A record of `system df`. */
export interface BuildCacheEntry {
  readonly ID: string;
  readonly Parents?: readonly string[];
  readonly Type: string;
  readonly Description: string;
  readonly InUse: boolean;
  readonly Shared: boolean;
  readonly Size: number;
  readonly CreatedAt: string;
  readonly LastUsedAt: string;
  readonly UsageCount: number;
}

export function buildCacheEntries(ctx: Pick<EngineContext, "solver">): BuildCacheEntry[] {
  return ctx.solver.cache.usage().map(entryOf);
}

function entryOf({ id, parents, kind, description, inUse, shared, size, createdMs, usedMs, uses }: CacheUsage): BuildCacheEntry {
  const instant = (ms: number): string => formatInstant(BigInt(ms) * 1_000_000n);
  return { ID: id, ...(parents.length > 0 && { Parents: parents }), Type: kind, Description: description, InUse: inUse, Shared: shared, Size: size, CreatedAt: instant(createdMs), LastUsedAt: instant(usedMs), UsageCount: uses };
}

/** @throws EngineError InvalidParameter for a filter that is none */
export async function pruneBuildCache(ctx: EngineContext, { all, filters, reservedBytes, maxUsedBytes, minFreeBytes }: PruneBuildCacheRequest): Promise<{ CachesDeleted: string[] | null; SpaceReclaimed: number }> {
  const { until = [], "unused-for": unusedFor = [], ...others } = filters;
  const { records, bytes } = await pruneAll(ctx, { all, filters: others, keepMs: keptMs([...until, ...unusedFor]), reservedBytes, maxUsedBytes, minFreeBytes });
  return { CachesDeleted: records.length > 0 ? records.map(({ id }) => id) : null, SpaceReclaimed: bytes };
}

/** Of an order without limits and filters, copies of clients' folders, too. */
export async function pruneAll(ctx: EngineContext, options: PruneOptions): Promise<Pruned & { readonly contexts: readonly KeptContext[] }> {
  const { records, bytes } = await ctx.solver.cache.prune(options);
  const { filters = {}, keepMs = 0, reservedBytes, maxUsedBytes, minFreeBytes } = options;
  const isLimited = reservedBytes || maxUsedBytes || minFreeBytes || typeof filters === "function" || Object.keys(filters).length > 0;
  const contexts = isLimited ? [] : await ctx.buildContexts.prune({ unusedSinceMs: Date.now() - keepMs });
  const reclaimed = contexts.reduce((sum, { sizeBytes }) => sum + sizeBytes, bytes);
  ctx.eventLog.emit({ type: "builder", action: "prune", id: "", attributes: { reclaimed: String(reclaimed) } });
  return { records, bytes: reclaimed, contexts };
}

/** `24h`, or a point in time: what was used since stays. */
function keptMs(texts: readonly string[]): number {
  const nowNs = BigInt(Date.now()) * 1_000_000n;
  return Math.max(0, ...texts.map((text) => Number((nowNs - parsePointInTime(text, nowNs)) / 1_000_000n)));
}
