import { searchImages, type SearchedImage } from "../../client/mod.ts";
import { parseReference } from "../../spec/mod.ts";
import type { Invocation } from "../command.ts";
import { registryHeader } from "../credentials/registry-header.ts";
import { printListing, type Listing } from "../format/listing.ts";
import { ellipsis } from "../format/names.ts";
import { readFilters } from "../options/filters.ts";
import { err } from "../output.ts";

const DESCRIPTION_WIDTH = 45;

export async function run({ flags, args, client, config }: Invocation): Promise<number> {
  const [term = ""] = args;
  const filters = readFilters(flags.list("filter"));
  if (filters["is-automated"]) err('WARNING: the "is-automated" filter is deprecated, and searching for "is-automated=true" will not yield any results in future.\n');
  const found = await searchImages(client, { term, limit: flags.number("limit") || undefined, filters }, await registryHeader(config, { domain: domainOf(term) }));
  const format = flags.string("format");
  await printListing([...found], searchListing(flags.bool("no-trunc"), /^json$|\{\{-?\s*json\b/.test(format ?? "")), { format });
  return 0;
}

/** Whose credentials to send: what is no name is left to the engine to refuse. */
function domainOf(term: string): string {
  try {
    return parseReference(term).domain;
  } catch {
    return "docker.io";
  }
}

/** @param json people read a mark, programs a word */
function searchListing(whole: boolean, json: boolean): Listing<SearchedImage> {
  const description = ({ description: text }: SearchedImage): string => {
    const line = text.replace(/[\r\n]/g, " ");
    return whole ? line : ellipsis(line, DESCRIPTION_WIDTH);
  };
  return {
    fields: {
      Description: { heading: "DESCRIPTION", value: description },
      IsOfficial: { heading: "OFFICIAL", value: (row) => (json ? String(row.is_official) : row.is_official ? "[OK]" : "") },
      Name: { heading: "NAME", value: (row) => row.name },
      StarCount: { heading: "STARS", value: (row) => String(row.star_count) },
    },
    table: ["Name", "Description", "StarCount", "IsOfficial"],
    quiet: "Name",
    goType: "registry.searchContext",
  };
}
