import { systemDf } from "../../../client/mod.ts";
import { cacheBlocks, cacheTable, cacheTotals, type CacheRow } from "../../buildx/cache-rows.ts";
import { checkBuilder } from "../../buildx/only-builder.ts";
import type { Invocation } from "../../command.ts";
import { readFilters } from "../../options/filters.ts";
import { out } from "../../output.ts";

export async function run({ flags, client }: Invocation): Promise<number> {
  checkBuilder(flags);
  const filters = readFilters(flags.list("filter"));
  const rows = ((await systemDf(client)).BuildCache ?? []).filter((row) => Object.entries(filters).every(([key, values]) => values.some((value) => matches(row, key, value))));
  const format = flags.bool("verbose") ? "pretty" : (flags.string("format") ?? "");
  if (format === "json") {
    for (const row of rows) out(`${JSON.stringify(row)}\n`);
    return 0;
  }
  if (format !== "" && format !== "table" && format !== "pretty") {
    const { listings } = await import("../system-df-verbose.ts");
    const { printListing } = await import("../../format/listing.ts");
    await printListing(rows, listings(true).cache, { format });
    return 0;
  }
  out(format === "pretty" ? cacheBlocks(rows) : cacheTable(rows));
  if (rows.length > 0) out(cacheTotals(rows));
  return 0;
}

function matches(row: CacheRow, key: string, value: string): boolean {
  if (key === "id") return row.ID?.startsWith(value) ?? false;
  if (key === "type") return row.Type === value.replace(/^=/, "");
  if (key === "description") return row.Description?.includes(value.replace(/^~=/, "")) ?? false;
  if (key === "inuse") return String(row.InUse ?? false) === value;
  if (key === "shared") return String(row.Shared ?? false) === value;
  return true;
}
