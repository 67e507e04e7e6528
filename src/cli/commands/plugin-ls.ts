import { listPlugins, type Plugin } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { printListing, type Listing } from "../format/listing.ts";
import { readFilters } from "../options/filters.ts";

const SHORT_ID = 12;
const SHORT_DESCRIPTION = 45;

export async function run({ flags, client }: Invocation): Promise<number> {
  const plugins = await listPlugins(client, readFilters(flags.list("filter")));
  await printListing(plugins, listing(flags.bool("no-trunc")), { format: flags.string("format"), quiet: flags.bool("quiet") });
  return 0;
}

function listing(whole: boolean): Listing<Plugin> {
  const described = (text: string): string => (whole || text.length <= SHORT_DESCRIPTION ? text : `${text.slice(0, SHORT_DESCRIPTION - 1)}…`);
  return {
    fields: {
      Description: { heading: "DESCRIPTION", value: ({ Config }) => described((Config?.Description ?? "").replaceAll("\n", " ")) },
      Enabled: { heading: "ENABLED", value: ({ Enabled = false }) => String(Enabled) },
      ID: { heading: "ID", value: ({ Id = "" }) => (whole ? Id : Id.slice(0, SHORT_ID)) },
      Name: { heading: "NAME", value: ({ Name = "" }) => Name },
      PluginReference: { heading: "PLUGIN REFERENCE", value: ({ PluginReference = "" }) => PluginReference },
    },
    table: ["ID", "Name", "Description", "Enabled"],
    quiet: "ID",
    goType: "plugin.pluginContext",
    raw: "plugin_id: {{.ID}}\nname: {{.Name}}\ndescription: {{.Description}}\nenabled: {{.Enabled}}\n",
  };
}
