import { listContainers } from "../../client/mod.ts";
import type { ContainerSummary } from "../../spec/mod.ts";
import type { Invocation } from "../command.ts";
import { ago, goTime } from "../format/duration.ts";
import { joinLabels, labelField } from "../format/labels.ts";
import { printListing, type Listing } from "../format/listing.ts";
import { ellipsis, shortId } from "../format/names.ts";
import { displayPorts } from "../format/ports.ts";
import { humanSize } from "../format/size.ts";
import { readFilters } from "../options/filters.ts";

export async function run({ flags, client }: Invocation): Promise<number> {
  const format = flags.string("format") ?? "";
  const listing = containerListing(flags.bool("no-trunc"), flags.bool("size"));
  if (format !== "") (await import("../format/check-template.ts")).checkTemplate(format, listing);
  const last = flags.bool("latest") ? 1 : flags.number("last");
  const rows = await listContainers(client, {
    all: flags.bool("all") || (last !== undefined && last > 0),
    limit: last !== undefined && last > 0 ? last : undefined,
    // Sizes cost a walk over the container's files: only who names them gets them.
    size: flags.bool("size") || /\.Size\b|\bjson +\.(?!\w)/.test(format),
    filters: readFilters(flags.list("filter")),
  });
  await printListing(rows, listing, { format, quiet: flags.bool("quiet") });
  return 0;
}

export function containerListing(whole: boolean, size: boolean): Listing<ContainerSummary> {
  const names = (row: ContainerSummary) => (row.Names ?? []).map((name) => name.replace(/^\//, "")).filter((name) => whole || !name.includes("/"));
  return {
    fields: {
      Command: { heading: "COMMAND", value: ({ Command = "" }) => JSON.stringify(whole ? Command : ellipsis(Command, 20)) },
      CreatedAt: { heading: "CREATED AT", value: ({ Created = 0 }) => goTime(Created * 1000) },
      ID: { heading: "CONTAINER ID", value: ({ Id = "" }) => (whole ? Id : shortId(Id)) },
      Image: { heading: "IMAGE", value: (row) => imageName(row, whole) },
      Labels: { heading: "LABELS", value: ({ Labels }) => joinLabels(Labels) },
      Label: labelField(({ Labels }) => Labels),
      LocalVolumes: { heading: "LOCAL VOLUMES", value: ({ Mounts }) => String((Mounts ?? []).filter((mount) => mount.Driver === "local").length) },
      Mounts: { heading: "MOUNTS", value: ({ Mounts }) => (Mounts ?? []).map((mount) => mount.Name || mount.Source || "").map((name) => (whole ? name : ellipsis(name, 15))).join(",") },
      Names: { heading: "NAMES", value: (row) => names(row).join(",") },
      Networks: { heading: "NETWORKS", value: ({ NetworkSettings }) => Object.keys(NetworkSettings?.Networks ?? {}).join(",") },
      Platform: { heading: "PLATFORM", value: ({ ImageManifestDescriptor }) => ImageManifestDescriptor?.platform ?? null },
      Ports: { heading: "PORTS", value: ({ Ports }) => displayPorts(Ports ?? []) },
      RunningFor: { heading: "CREATED", value: ({ Created = 0 }) => ago(Created) },
      Size: { heading: "SIZE", value: ({ SizeRw, SizeRootFs }) => sizes(SizeRw ?? 0, SizeRootFs ?? 0) },
      State: { heading: "STATE", value: ({ State = "" }) => State },
      Status: { heading: "STATUS", value: ({ Status = "" }) => Status },
    },
    table: ["ID", "Image", "Command", "RunningFor", "Status", "Ports", "Names", ...(size ? ["Size"] : [])],
    quiet: "ID",
    goType: "formatter.ContainerContext",
    raw: RAW + (size ? "size: {{.Size}}\n" : ""),
    quietWins: true,
  };
}

const RAW = `container_id: {{.ID}}
image: {{.Image}}
command: {{.Command}}
created_at: {{.CreatedAt}}
state: {{- pad .State 1 0}}
status: {{- pad .Status 1 0}}
names: {{.Names}}
labels: {{- pad .Labels 1 0}}
ports: {{- pad .Ports 1 0}}
`;

function sizes(own: number, withImage: number): string {
  return withImage > 0 ? `${humanSize(own)} (virtual ${humanSize(withImage)})` : humanSize(own);
}

function imageName({ Image = "", ImageID = "" }: ContainerSummary, whole: boolean): string {
  if (Image === "") return "<no image>";
  if (whole) return Image;
  if (/^(sha256:)?[0-9a-f]{12,64}$/.test(Image) && shortId(ImageID) === shortId(Image)) return shortId(Image);
  return Image.replace(/^(.+)@sha256:[0-9a-f]{64}$/, (_, name: string) => name);
}
