import { pruneBuilds, systemDf } from "../../../client/mod.ts";
import { cacheBlocks, cacheTable } from "../../buildx/cache-rows.ts";
import { checkBuilder } from "../../buildx/only-builder.ts";
import type { Invocation } from "../../command.ts";
import { Failure } from "../../failure.ts";
import type { Flags } from "../../flags.ts";
import { humanSize } from "../../format/size.ts";
import { readFilters } from "../../options/filters.ts";
import { out } from "../../output.ts";
import { parseBytes } from "../../values.ts";
import { readAnswer } from "../simple.ts";

export async function run({ flags, client }: Invocation): Promise<number> {
  checkBuilder(flags);
  const all = flags.bool("all");
  if (!flags.bool("force")) {
    out(`WARNING! This will remove all ${all ? "" : "dangling "}build cache. Are you sure you want to continue? [y/N] `);
    if (!/^y(es)?$/i.test((await readAnswer()).trim())) throw new Failure("", 0);
  }
  const before = new Map(((await systemDf(client)).BuildCache ?? []).map((row) => [row.ID, row]));
  const { CachesDeleted, SpaceReclaimed } = await pruneBuilds(client, {
    all,
    "reserved-space": bytes(flags, "reserved-space") ?? bytes(flags, "keep-storage"),
    "max-used-space": bytes(flags, "max-used-space"),
    "min-free-space": bytes(flags, "min-free-space"),
    filters: readFilters(flags.list("filter")),
  });
  const rows = (CachesDeleted ?? []).map((id) => before.get(id) ?? { ID: id });
  if (rows.length > 0) out(flags.bool("verbose") ? cacheBlocks(rows) : cacheTable(rows));
  out(`Total:\t${humanSize(SpaceReclaimed, 4)}\n`);
  return 0;
}

function bytes(flags: Flags, name: string): number | undefined {
  const text = flags.string(name);
  return text ? parseBytes(text) : undefined;
}
