import { imageHistory } from "../../client/mod.ts";
import type { ImageHistoryItem } from "../../spec/mod.ts";
import type { Invocation } from "../command.ts";
import { ago, rfc3339 } from "../format/duration.ts";
import { printListing, type Listing } from "../format/listing.ts";
import { ellipsis, shortId } from "../format/names.ts";
import { humanSize } from "../format/size.ts";
import { platformJson } from "../options/platform.ts";

const COMMAND_WIDTH = 45;

export async function run({ flags, args, client }: Invocation): Promise<number> {
  const items = await imageHistory(client, args[0] ?? "", platformJson(flags.string("platform")));
  await printListing(items, historyListing(flags.bool("no-trunc"), flags.bool("human")), { format: flags.string("format"), quiet: flags.bool("quiet") });
  return 0;
}

function historyListing(whole: boolean, human: boolean): Listing<ImageHistoryItem> {
  const createdBy = ({ CreatedBy = "" }: ImageHistoryItem) => CreatedBy.replaceAll("\t", " ");
  return {
    fields: {
      Comment: { heading: "COMMENT", value: ({ Comment = "" }) => Comment },
      CreatedAt: { heading: "CREATED AT", value: ({ Created = 0 }) => rfc3339(Created * 1000) },
      CreatedBy: { heading: "CREATED BY", value: (row) => (whole ? createdBy(row) : ellipsis(createdBy(row), COMMAND_WIDTH)) },
      CreatedSince: { heading: human ? "CREATED" : "CREATED AT", value: ({ Created = 0 }) => (human ? (Created > 0 ? ago(Created) : "N/A") : rfc3339(Created * 1000)) },
      ID: { heading: "IMAGE", value: ({ Id = "" }) => (whole || Id === "<missing>" ? Id : shortId(Id)) },
      Size: { heading: "SIZE", value: ({ Size = 0 }) => (human ? humanSize(Size) : String(Size)) },
    },
    table: ["ID", "CreatedSince", "CreatedBy", "Size", "Comment"],
    quiet: "ID",
    goType: "image.historyContext",
  };
}
