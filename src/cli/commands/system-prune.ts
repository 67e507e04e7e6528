import { ApiError, pruneContainers, pruneImages, pruneNetworks, pruneVolumes, type Client, type Filters } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { Failure } from "../failure.ts";
import { humanSize } from "../format/size.ts";
import { readFilters } from "../options/filters.ts";
import { out } from "../output.ts";
import { confirm } from "./simple.ts";

export async function run({ flags, client }: Invocation): Promise<number> {
  const filters = readFilters(flags.list("filter"));
  const all = flags.bool("all");
  const volumes = flags.bool("volumes");
  if (volumes && filters["until"]) throw new Failure('ERROR: The "until" filter is not supported with "--volumes"');
  if (!flags.bool("force")) await confirm(warning(all, volumes, flags.list("filter")));
  const reclaimed = (await containers(client, filters)) + (await networks(client, filters)) + (volumes ? await unusedVolumes(client, filters) : 0) + (await images(client, filters, all));
  out(`Total reclaimed space: ${humanSize(reclaimed, 4)}\n`);
  return 0;
}

function warning(all: boolean, volumes: boolean, filters: readonly string[]): string {
  const targets = [
    "all stopped containers",
    "all networks not used by at least one container",
    ...(volumes ? ["all anonymous volumes not used by at least one container"] : []),
    all ? "all images without at least one container associated to them" : "all dangling images",
    all ? "all build cache" : "unused build cache",
  ];
  const lines = (items: readonly string[]) => items.map((item) => `  - ${item}\n`).join("");
  return `This will remove:\n${lines(targets)}${filters.length > 0 ? `\n  Items to be pruned will be filtered with:\n${lines(filters.toSorted())}` : ""}`;
}

async function containers(client: Client, filters: Filters): Promise<number> {
  const { ContainersDeleted, SpaceReclaimed } = await pruneContainers(client, filters);
  section("Deleted Containers:", ContainersDeleted ?? []);
  return SpaceReclaimed;
}

async function networks(client: Client, filters: Filters): Promise<number> {
  try {
    section("Deleted Networks:", (await pruneNetworks(client, filters)).NetworksDeleted ?? []);
  } catch (error) {
    // An engine without networks of the user's own has none to remove.
    if (!(error instanceof ApiError && (error.status === 404 || error.status === 501))) throw error;
  }
  return 0;
}

async function unusedVolumes(client: Client, filters: Filters): Promise<number> {
  const { VolumesDeleted, SpaceReclaimed } = await pruneVolumes(client, filters);
  section("Deleted Volumes:", VolumesDeleted ?? []);
  return SpaceReclaimed;
}

async function images(client: Client, filters: Filters, all: boolean): Promise<number> {
  const { ImagesDeleted, SpaceReclaimed } = await pruneImages(client, { ...filters, dangling: [String(!all)] });
  section("Deleted Images:", (ImagesDeleted ?? []).map(({ Untagged, Deleted }) => (Untagged ? `untagged: ${Untagged}` : `deleted: ${Deleted ?? ""}`)));
  return SpaceReclaimed;
}

function section(title: string, lines: readonly string[]): void {
  if (lines.length > 0) out(`${title}\n${lines.map((line) => `${line}\n`).join("")}\n`);
}
