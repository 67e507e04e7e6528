import { pruneContainers } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { humanSize } from "../format/size.ts";
import { readFilters } from "../options/filters.ts";
import { out } from "../output.ts";
import { confirm } from "./simple.ts";

export async function run({ flags, client }: Invocation): Promise<number> {
  if (!flags.bool("force")) await confirm("This will remove all stopped containers.");
  const { ContainersDeleted, SpaceReclaimed } = await pruneContainers(client, readFilters(flags.list("filter")));
  const deleted = ContainersDeleted ?? [];
  if (deleted.length > 0) out(`Deleted Containers:\n${deleted.map((id) => `${id}\n`).join("")}\n`);
  out(`Total reclaimed space: ${humanSize(SpaceReclaimed, 4)}\n`);
  return 0;
}
