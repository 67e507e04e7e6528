import { systemInfo } from "../../../client/mod.ts";
import { BUILDER_NAME } from "../../buildx/only-builder.ts";
import { VERSION } from "../../build-info.ts";
import type { Invocation } from "../../command.ts";
import type { Listing } from "../../format/listing-fields.ts";
import { alignTabs } from "../../format/columns.ts";
import { printListing } from "../../format/listing.ts";
import { out } from "../../output.ts";
import { goArchitecture } from "../../buildx/platforms.ts";

interface BuilderRow {
  readonly Name: string;
  readonly DriverEndpoint: string;
  readonly Status: string;
  readonly Buildkit: string;
  readonly Platforms: string;
}

const LISTING: Listing<BuilderRow> = {
  fields: {
    Name: { heading: "NAME/NODE", value: ({ Name }) => Name },
    DriverEndpoint: { heading: "DRIVER/ENDPOINT", value: ({ DriverEndpoint }) => DriverEndpoint },
    Status: { heading: "STATUS", value: ({ Status }) => Status },
    Buildkit: { heading: "BUILDKIT", value: ({ Buildkit }) => Buildkit },
    Platforms: { heading: "PLATFORMS", value: ({ Platforms }) => Platforms },
  },
  table: ["Name", "DriverEndpoint", "Status", "Buildkit", "Platforms"],
  quiet: "Name",
  goType: "*main.lsContext",
};

export async function run({ flags, client }: Invocation): Promise<number> {
  const platform = `linux/${goArchitecture((await systemInfo(client)).Architecture ?? "")}`;
  const rows: BuilderRow[] = [
    { Name: BUILDER_NAME, DriverEndpoint: "docker", Status: "", Buildkit: "", Platforms: "" },
    { Name: BUILDER_NAME, DriverEndpoint: BUILDER_NAME, Status: "running", Buildkit: `hako ${VERSION}`, Platforms: platform },
  ];
  const format = flags.string("format");
  if (format === "json") {
    out(`${JSON.stringify({ Current: true, Driver: "docker", Dynamic: false, Name: BUILDER_NAME, Nodes: [{ Endpoint: BUILDER_NAME, Name: BUILDER_NAME, Platforms: [platform], Status: "running", Version: `hako ${VERSION}` }] })}\n`);
    return 0;
  }
  if (format && format !== "table") {
    await printListing(rows, LISTING, { format });
    return 0;
  }
  const heading = LISTING.table.map((name) => String(LISTING.fields[name]?.heading ?? "")).join("\t");
  const lines = rows.map((row, index) => [index === 0 ? `${row.Name}*` : ` \\_ ${row.Name}`, index === 0 ? row.DriverEndpoint : ` \\_ ${row.DriverEndpoint}`, row.Status, row.Buildkit, row.Platforms].join("\t"));
  out(`${alignTabs([heading, ...lines].join("\n"), 0)}\n`);
  return 0;
}
