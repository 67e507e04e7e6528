import "./core.ts";
import { isPrintable, out, printable } from "../output.ts";
import { alignTabs } from "./columns.ts";
import type { Listing } from "./listing-fields.ts";

export type { Field, Listing } from "./listing-fields.ts";

export interface ListOptions {
  readonly format?: string | undefined;
  readonly quiet?: boolean;
}

export async function printListing<Row>(rows: readonly Row[], listing: Listing<Row>, options: ListOptions): Promise<void> {
  out(await renderListing(rows, listing, options));
}

export async function renderListing<Row>(rows: readonly Row[], listing: Listing<Row>, { format = "", quiet = false }: ListOptions): Promise<string> {
  if (format === "" || format === "table") return quiet ? rows.map((row) => `${text(listing, listing.quiet, row)}\n`).join("") : plainTable(rows, listing);
  const { formatListing } = await import("./listing-template.ts");
  return formatListing(rows, listing, format, quiet);
}

function plainTable<Row>(rows: readonly Row[], listing: Listing<Row>): string {
  const heading = listing.table.map((name) => String(listing.fields[name]?.heading ?? "")).join("\t");
  const cells = rows.map((row) => listing.table.map((name) => text(listing, name, row)));
  // One look at all of it is cheaper than one at each.
  const asIs = isPrintable(cells.map((row) => row.join("")).join(""));
  const lines = cells.map((row) => (asIs ? row : row.map(printable)).join("\t"));
  return `${alignTabs([heading, ...lines].join("\n"))}\n`;
}

const text = <Row>(listing: Listing<Row>, name: string, row: Row): string => String(listing.fields[name]?.value(row) ?? "");
