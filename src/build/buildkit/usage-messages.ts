import { EngineError } from "../../base/mod.ts";
import { MessageWriter, readFields, textOf } from "../../grpc/mod.ts";
import type { PruneOptions } from "../cache/build-cache.ts";
import type { CacheUsage } from "../cache/usage.ts";

type Filters = Readonly<Record<string, readonly string[]>>;

const NS_PER_MS = 1_000_000;

/** Of moby.buildkit.v1.DiskUsageRequest. @throws EngineError InvalidParameter */
export function usageFilters(message: Uint8Array): Filters {
  return filtersOf([...readFields(message)].flatMap(({ number, bytes }) => (number === 1 ? [textOf(bytes)] : [])));
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
  return { filters: filtersOf(filters), all: least(2) === 1, keepMs: least(3) / NS_PER_MS, reservedBytes: least(4), maxUsedBytes: least(5), minFreeBytes: least(6) };
}

/** moby.buildkit.v1.UsageRecord */
export function writeUsage({ id, mutable, inUse, size, createdMs, usedMs, uses, description, kind, shared, parents }: CacheUsage): MessageWriter {
  const instant = (ms: number): bigint => BigInt(Math.round(ms)) * BigInt(NS_PER_MS);
  const record = new MessageWriter().text(1, id).number(2, mutable).number(3, inUse).number(4, size).instant(6, instant(createdMs)).instant(7, instant(usedMs));
  record.number(8, uses).text(9, description).text(10, kind).number(11, shared);
  for (const parent of parents) record.text(12, parent);
  return record;
}

/** containerd's: `type==regular`, `inuse`; several of a name are all that may be. */
function filtersOf(texts: readonly string[]): Filters {
  const filters: Record<string, string[]> = {};
  for (const text of texts.filter((each) => each !== "")) {
    const [, name, value] = /^([a-z]+)(?:==(.*))?$/s.exec(text) ?? [];
    if (name === undefined) throw new EngineError("InvalidParameter", `filter ${JSON.stringify(text)} is not supported: name==value is`);
    (filters[name] ??= []).push(value ?? "true");
  }
  return filters;
}
