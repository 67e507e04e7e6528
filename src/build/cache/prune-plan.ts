import type { CacheUsage } from "./usage.ts";

/** One rule of what goes; BuildKit's names in other words. Bytes, 0: no limit; milliseconds. */
export interface PruneRule {
  readonly matches: (usage: CacheUsage) => boolean;
  /** What images have too, and what builds need for themselves. */
  readonly all: boolean;
  /** What was used since stays. */
  readonly keepMs: number;
  /** So much stays in any case. */
  readonly reservedBytes: number;
  /** So much stays at most. */
  readonly maxUsedBytes: number;
  /** So much of the disk is to be free. */
  readonly minFreeBytes: number;
}

/**
 * What a rule takes away, in order: what was not used for longest first, but nothing that something else is made of.
 * Without any limit everything that may go goes.
 */
export function planPrune(usages: readonly CacheUsage[], rule: PruneRule, { freeBytes, nowMs }: { readonly freeBytes: number; readonly nowMs: number }): CacheUsage[] {
  const children = new Map<string, number>();
  for (const { parents } of usages) for (const parent of parents) children.set(parent, (children.get(parent) ?? 0) + 1);
  const mayGo = (usage: CacheUsage): boolean =>
    !usage.inUse && (rule.all || (!usage.shared && usage.kind !== "internal" && usage.kind !== "frontend")) && nowMs - usage.usedMs >= rule.keepMs && rule.matches(usage);
  const candidates = new Set([...usages].filter(mayGo).sort((one, other) => one.usedMs - other.usedMs || one.uses - other.uses || other.createdMs - one.createdMs));
  let toFree = excess(usages, rule, freeBytes);
  const plan: CacheUsage[] = [];
  while (toFree > 0) {
    const next = [...candidates].find(({ id }) => (children.get(id) ?? 0) === 0);
    if (!next) break;
    candidates.delete(next);
    for (const parent of next.parents) children.set(parent, (children.get(parent) ?? 0) - 1);
    plan.push(next);
    toFree -= next.size;
  }
  return plan;
}

/** Bytes that are too many; without a limit everything is. */
function excess(usages: readonly CacheUsage[], { reservedBytes, maxUsedBytes, minFreeBytes }: PruneRule, freeBytes: number): number {
  if (reservedBytes === 0 && maxUsedBytes === 0 && minFreeBytes === 0) return Infinity;
  const used = usages.filter(({ shared }) => !shared).reduce((sum, { size }) => sum + size, 0);
  const overMax = maxUsedBytes > 0 ? used - maxUsedBytes : 0;
  const missingFree = minFreeBytes > 0 ? minFreeBytes - freeBytes : 0;
  // With a reserve alone everything beyond it goes.
  const beyond = maxUsedBytes === 0 && minFreeBytes === 0 ? used - reservedBytes : Math.max(overMax, missingFree);
  return Math.min(beyond, reservedBytes > 0 ? used - reservedBytes : beyond);
}
