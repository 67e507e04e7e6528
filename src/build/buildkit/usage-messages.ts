import { MessageWriter, readFields, textOf } from "../../grpc/mod.ts";
import type { PolicyRule } from "../cache/policy.ts";
import type { PruneOptions } from "../cache/build-cache.ts";
import { containerdFilter } from "../cache/containerd-filter.ts";
import type { CacheUsage } from "../cache/usage.ts";

const NS_PER_MS = 1_000_000;

/** Of moby.buildkit.v1.DiskUsageRequest. @throws EngineError InvalidParameter */
export function usageFilter(message: Uint8Array): (usage: CacheUsage) => boolean {
  return containerdFilter([...readFields(message)].flatMap(({ number, bytes }) => (number === 1 ? [textOf(bytes)] : [])));
}

/** Of moby.buildkit.v1.PruneRequest. @throws EngineError InvalidParameter */
export function pruneOptions(message: Uint8Array): PruneOptions {
  const filters: string[] = [];
  const numbers = new Map<number, number>();
  for (const { number, value, bytes } of readFields(message)) {
    if (number === 1) filters.push(textOf(bytes));
    else numbers.set(number, value);
  }
  const least = (number: number): number => Math.max(0, numbers.get(number) ?? 0);
  return { ...(filters.some((filter) => filter !== "") && { filters: containerdFilter(filters) }), all: least(2) === 1, keepMs: least(3) / NS_PER_MS, reservedBytes: least(4), maxUsedBytes: least(5), minFreeBytes: least(6) };
}

/** moby.buildkit.v1.types.GCPolicy */
export function writePolicy({ all, keepMs, filters, reservedBytes, maxUsedBytes, minFreeBytes }: PolicyRule): MessageWriter {
  const policy = new MessageWriter().number(1, all).number(2, keepMs * NS_PER_MS).number(3, reservedBytes);
  for (const filter of filters) policy.text(4, filter);
  return policy.number(5, maxUsedBytes).number(6, minFreeBytes);
}

/** moby.buildkit.v1.UsageRecord */
export function writeUsage({ id, mutable, inUse, size, createdMs, usedMs, uses, description, kind, shared, parents }: CacheUsage): MessageWriter {
  const instant = (ms: number): bigint => BigInt(Math.round(ms)) * BigInt(NS_PER_MS);
  const record = new MessageWriter().text(1, id).number(2, mutable).number(3, inUse).number(4, size).instant(6, instant(createdMs)).instant(7, instant(usedMs));
  record.number(8, uses).text(9, description).text(10, kind).number(11, shared);
  for (const parent of parents) record.text(12, parent);
  return record;
}
