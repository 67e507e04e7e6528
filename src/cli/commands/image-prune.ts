import { pruneImages } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { humanSize } from "../format/size.ts";
import { readFilters } from "../options/filters.ts";
import { out } from "../output.ts";
import { confirm } from "./simple.ts";

export async function run({ flags, client }: Invocation): Promise<number> {
  const all = flags.bool("all");
  if (!flags.bool("force")) await confirm(all ? "This will remove all images without at least one container associated to them." : "This will remove all dangling images.");
  const { ImagesDeleted, SpaceReclaimed } = await pruneImages(client, { ...readFilters(flags.list("filter")), dangling: [String(!all)] });
  const deleted = ImagesDeleted ?? [];
  if (deleted.length > 0) out(`Deleted Images:\n${deleted.map(({ Untagged, Deleted }) => (Untagged ? `untagged: ${Untagged}\n` : `deleted: ${Deleted ?? ""}\n`)).join("")}\n`);
  out(`Total reclaimed space: ${humanSize(SpaceReclaimed, 4)}\n`);
  return 0;
}
