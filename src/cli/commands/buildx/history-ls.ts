import { listBuilds } from "../../../client/mod.ts";
import type { BuildRecord } from "../../../spec/mod.ts";
import { checkBuilder } from "../../buildx/only-builder.ts";
import { durationText, secondsOf } from "../../buildx/records.ts";
import type { Invocation } from "../../command.ts";
import { alignTabs } from "../../format/columns.ts";
import { ago } from "../../format/duration.ts";
import { printListing } from "../../format/listing.ts";
import type { Listing } from "../../format/listing-fields.ts";
import { out, printable } from "../../output.ts";

const NAME_CHARACTERS = 36;

function listing(whole: boolean): Listing<BuildRecord> {
  return {
    fields: {
      Ref: { heading: "BUILD ID", value: ({ ref }) => ref },
      Name: { heading: "NAME", value: ({ name }) => (whole || name.length <= NAME_CHARACTERS ? name : `${name.slice(0, NAME_CHARACTERS - 3)}...`) },
      Status: { heading: "STATUS", value: ({ status }) => status },
      CreatedAt: { heading: "CREATED AT", value: ({ createdAt }) => ago(Date.parse(createdAt) / 1000) },
      Duration: { heading: "DURATION", value: (record) => durationText(secondsOf(record)) },
    },
    table: ["Ref", "Name", "Status", "CreatedAt", "Duration"],
    quiet: "Ref",
    goType: "*history.lsContext",
  };
}

export async function run({ flags, client }: Invocation): Promise<number> {
  checkBuilder(flags);
  const wanted = flags.list("filter").map((text) => /^(\w+)\s*(!?=)\s*(.*)$/s.exec(text));
  const records = (await listBuilds(client)).filter((record) => wanted.every((filter) => matches(record, filter?.[1], filter?.[2], filter?.[3])));
  const format = flags.string("format");
  if (format === "json") {
    for (const { ref, name, status, createdAt, completedAt, totalSteps, completedSteps, cachedSteps } of records)
      out(`${JSON.stringify({ cached_steps: cachedSteps, completed_at: completedAt, completed_steps: completedSteps, created_at: createdAt, name, ref: `default/default/${ref}`, status, total_steps: totalSteps })}\n`);
    return 0;
  }
  const columns = listing(flags.bool("no-trunc"));
  if (format && format !== "table") {
    await printListing(records, columns, { format });
    return 0;
  }
  const lines = records.map((record) => columns.table.map((name) => printable(String(columns.fields[name]?.value(record) ?? ""))).join("\t"));
  out(`${alignTabs([columns.table.map((name) => String(columns.fields[name]?.heading ?? "")).join("\t"), ...lines].map((line) => `${line}\t`).join("\n"), 0)}\n`);
  return 0;
}

function matches(record: BuildRecord, key: string | undefined, operator: string | undefined, value = ""): boolean {
  const own = key === "ref" ? record.ref : key === "status" ? record.status.toLowerCase() : key === "name" ? record.name : undefined;
  return own === undefined || (own === value.toLowerCase()) === (operator === "=");
}
