import { out, printable } from "../output.ts";
import { alignTabs } from "./columns.ts";

/** What one row of a list offers: the table's columns and what `--format` may name. */
export interface Listing<Row> {
  /** Field by field: its heading in a table, and its value. */
  readonly fields: Readonly<Record<string, Field<Row>>>;
  /** The fields of the plain table. */
  readonly table: readonly string[];
  /** What `-q` prints. */
  readonly quiet: string;
}

export interface Field<Row> {
  readonly heading: string;
  readonly value: (row: Row) => unknown;
  /** Not part of `--format json`. */
  readonly hidden?: boolean;
}

export interface ListOptions {
  readonly format?: string | undefined;
  readonly quiet?: boolean;
}

export async function printListing<Row>(rows: readonly Row[], listing: Listing<Row>, { format = "", quiet = false }: ListOptions): Promise<void> {
  if (format === "" || format === "table") {
    out(quiet ? rows.map((row) => `${text(listing, listing.quiet, row)}\n`).join("") : plainTable(rows, listing));
    return;
  }
  const { formatListing } = await import("./listing-template.ts");
  out(formatListing(rows, listing, format, quiet));
}

function plainTable<Row>(rows: readonly Row[], listing: Listing<Row>): string {
  const heading = listing.table.map((name) => listing.fields[name]?.heading ?? "").join("\t");
  const lines = rows.map((row) => listing.table.map((name) => printable(text(listing, name, row))).join("\t"));
  return `${alignTabs([heading, ...lines].join("\n"))}\n`;
}

const text = <Row>(listing: Listing<Row>, name: string, row: Row): string => String(listing.fields[name]?.value(row) ?? "");
