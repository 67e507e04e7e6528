import { listVolumes, type Volume } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { joinLabels, labelField } from "../format/labels.ts";
import { printListing, type Listing } from "../format/listing.ts";
import { humanSize } from "../format/size.ts";
import { readFilters } from "../options/filters.ts";

export async function run({ flags, client }: Invocation): Promise<number> {
  const { Volumes } = await listVolumes(client, readFilters(flags.list("filter")));
  const sorted = (Volumes ?? []).toSorted((a, b) => (a.Name ?? "").localeCompare(b.Name ?? "", "en", { numeric: true }));
  const cluster = flags.bool("cluster");
  await printListing(cluster ? [] : sorted, cluster ? { ...VOLUMES, table: CLUSTER_TABLE } : VOLUMES, { format: flags.string("format"), quiet: flags.bool("quiet") });
  return 0;
}

/** No engine of ours is in a cluster, so none has volumes of one. */
const CLUSTER_TABLE = ["Name", "Group", "Driver", "Availability", "Status"];

export const VOLUMES: Listing<Volume> = {
  fields: {
    Availability: { heading: "AVAILABILITY", value: () => "N/A" },
    Driver: { heading: "DRIVER", value: ({ Driver = "" }) => Driver },
    Group: { heading: "GROUP", value: () => "N/A" },
    Labels: { heading: "LABELS", value: ({ Labels }) => joinLabels(Labels) },
    Label: labelField(({ Labels }) => Labels),
    Links: { heading: "LINKS", value: ({ UsageData }) => (UsageData ? String(UsageData.RefCount ?? 0) : "N/A") },
    Mountpoint: { heading: "MOUNTPOINT", value: ({ Mountpoint = "" }) => Mountpoint },
    Name: { heading: "VOLUME NAME", value: ({ Name = "" }) => Name },
    Scope: { heading: "SCOPE", value: ({ Scope = "" }) => Scope },
    Size: { heading: "SIZE", value: ({ UsageData }) => (UsageData ? humanSize(UsageData.Size ?? 0) : "N/A") },
    Status: { heading: "STATUS", value: () => "N/A" },
  },
  table: ["Driver", "Name"],
  quiet: "Name",
  goType: "formatter.volumeContext",
  raw: "name: {{.Name}}\ndriver: {{.Driver}}\n",
};
