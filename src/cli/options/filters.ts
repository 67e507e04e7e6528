import "../format/core.ts";
import type { Filters } from "../../client/mod.ts";

/** `--filter key=value`, several values per key. */
export function readFilters(values: readonly string[]): Filters {
  const filters: Record<string, string[]> = Object.create(null) as Record<string, string[]>;
  for (const value of values) {
    const equals = value.indexOf("=");
    if (equals < 0) continue;
    (filters[value.slice(0, equals).trim().toLowerCase()] ??= []).push(value.slice(equals + 1).trim());
  }
  return filters;
}
