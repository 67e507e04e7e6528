import { pruneVolumes } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { humanSize } from "../format/size.ts";
import { readFilters } from "../options/filters.ts";
import { out } from "../output.ts";
import { confirm } from "./simple.ts";

export async function run({ flags, client }: Invocation): Promise<number> {
  const all = flags.bool("all");
  if (!flags.bool("force")) await confirm(all ? "This will remove all local volumes not used by at least one container." : "This will remove anonymous local volumes not used by at least one container.");
  const { VolumesDeleted, SpaceReclaimed } = await pruneVolumes(client, { ...readFilters(flags.list("filter")), ...(all && { all: ["1"] }) });
  const deleted = VolumesDeleted ?? [];
  if (deleted.length > 0) out(`Deleted Volumes:\n${deleted.map((name) => `${name}\n`).join("")}\n`);
  out(`Total reclaimed space: ${humanSize(SpaceReclaimed, 4)}\n`);
  return 0;
}
