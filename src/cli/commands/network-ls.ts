import { listNetworks, type Network } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { joinLabels, labelField } from "../format/labels.ts";
import { printListing, type Listing } from "../format/listing.ts";
import { shortId } from "../format/names.ts";
import { readFilters } from "../options/filters.ts";

export async function run({ flags, client }: Invocation): Promise<number> {
  const networks = await listNetworks(client, readFilters(flags.list("filter")));
  const sorted = networks.toSorted((a, b) => (a.Name ?? "").localeCompare(b.Name ?? "", "en", { numeric: true }));
  await printListing(sorted, networkListing(flags.bool("no-trunc")), { format: flags.string("format"), quiet: flags.bool("quiet") });
  return 0;
}

const networkListing = (whole: boolean): Listing<Network> => ({
  fields: {
    CreatedAt: { heading: "CREATED AT", value: ({ Created = "" }) => Created.replace("T", " ").replace(/Z$/, " +0000 UTC") },
    Driver: { heading: "DRIVER", value: ({ Driver = "" }) => Driver },
    ID: { heading: "NETWORK ID", value: ({ Id = "" }) => (whole ? Id : shortId(Id)) },
    IPv4: { heading: "IPV4", value: ({ EnableIPv4 }) => String(EnableIPv4 ?? false) },
    IPv6: { heading: "IPV6", value: ({ EnableIPv6 }) => String(EnableIPv6 ?? false) },
    Internal: { heading: "INTERNAL", value: ({ Internal }) => String(Internal ?? false) },
    Labels: { heading: "LABELS", value: ({ Labels }) => joinLabels(Labels) },
    Label: labelField(({ Labels }) => Labels),
    Name: { heading: "NAME", value: ({ Name = "" }) => Name },
    Scope: { heading: "SCOPE", value: ({ Scope = "" }) => Scope },
  },
  table: ["ID", "Name", "Driver", "Scope"],
  quiet: "ID",
  goType: "network.networkContext",
  raw: "network_id: {{.ID}}\nname: {{.Name}}\ndriver: {{.Driver}}\nscope: {{.Scope}}\n",
});
