import { defaultContext, DEFAULT_DESCRIPTION } from "../contexts/default-context.ts";
import { contextExists, listContexts, readContext, type ContextMeta } from "../contexts/store.ts";
import type { Invocation } from "../command.ts";
import { DEFAULT_CONTEXT, hostOfEnvironment } from "../engine-choice.ts";
import { Failure } from "../failure.ts";
import { printListing, type Listing } from "../format/listing.ts";
import { ellipsis } from "../format/names.ts";
import { err } from "../output.ts";
import { hostVariable } from "./context-use.ts";

const ERROR_WIDTH = 45;

interface Row {
  readonly name: string;
  readonly current: boolean;
  readonly description: string;
  readonly host: string;
  readonly error: string;
}

export async function run({ flags, config, context, global }: Invocation): Promise<number> {
  const contexts = [...listContexts(config.folder), { ...defaultContext(global), Metadata: { Description: DEFAULT_DESCRIPTION } }];
  const rows = contexts.map((meta) => rowOf(meta, context));
  if (context !== DEFAULT_CONTEXT && !contextExists(config.folder, context)) rows.push(missing(config.folder, context));
  const sorted = rows.toSorted((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
  const quiet = flags.bool("quiet");
  await printListing(sorted, LISTING, { format: flags.string("format"), quiet });
  if (!quiet && context === DEFAULT_CONTEXT && hostOfEnvironment() && global.list("host").length === 0) {
    err(`Warning: ${hostVariable()} environment variable overrides the active context. To use a context, either set the global --context flag, or unset ${hostVariable()} environment variable.\n`);
  }
  return 0;
}

const rowOf = ({ Name, Metadata, Endpoints }: ContextMeta, current: string): Row => ({
  name: Name,
  current: Name === current,
  description: typeof Metadata["Description"] === "string" ? Metadata["Description"] : "",
  host: Endpoints["docker"]?.Host ?? "",
  error: "",
});

/** The one in use may be gone: the list says so. */
function missing(folder: string, name: string): Row {
  let error = "";
  try {
    readContext(folder, name);
  } catch (failure) {
    if (!(failure instanceof Failure)) throw failure;
    error = failure.message;
  }
  return { name, current: true, description: "", host: "", error };
}

const LISTING: Listing<Row> = {
  fields: {
    Current: { heading: "<no value>", value: ({ current }) => current },
    Description: { heading: "DESCRIPTION", value: ({ description }) => description },
    DockerEndpoint: { heading: "DOCKER ENDPOINT", value: ({ host }) => host },
    Error: { heading: "ERROR", value: ({ error }) => ellipsis(error, ERROR_WIDTH) },
    Name: { heading: "NAME", value: ({ name }) => name },
    Marked: { heading: "NAME", hidden: true, value: ({ name, current }) => (current ? `${name} *` : name) },
  },
  table: ["Marked", "Description", "DockerEndpoint", "Error"],
  quiet: "Name",
  goType: "formatter.clientContextContext",
};
