import { Failure } from "../failure.ts";
import { err, printable } from "../output.ts";
import { stdoutIsTerminal } from "../terminal.ts";
import { HEADING_FUNCTIONS, ROW, rowJson, Template, TemplateError } from "../../template/mod.ts";
import { alignTabs } from "./columns.ts";
import type { Listing } from "./listing-fields.ts";

/** A list by `--format`: a template per row, `table TEMPLATE`, `raw` or `json`. */
export function formatListing<Row>(rows: readonly Row[], listing: Listing<Row>, format: string, quiet: boolean): string {
  if (quiet && listing.quietWins) err("WARNING: Ignoring custom format, because both --format and --quiet are set.\n");
  if (format === "raw" && listing.raw) return rowLines(rows, listing, compile(quiet ? (listing.raw.split("\n").find((line) => line.includes(`{{.${listing.quiet}}}`)) ?? "") : listing.raw));
  if (quiet && listing.quietWins) return rows.map((row) => `${String(listing.fields[listing.quiet]?.value(row) ?? "")}\n`).join("");
  if (format === "json") return rows.map((row) => `${rowJson(rowData(row, listing))}\n`).join("");
  const isTable = format.startsWith("table");
  const template = compile((isTable ? format.slice("table".length) : format).replace(/^ +| +$/g, "").replaceAll("\\t", "\t").replaceAll("\\n", "\n"));
  const lines = rowLines(rows, listing, template);
  if (!isTable) return lines;
  const headings = Object.fromEntries(Object.entries(listing.fields).map(([name, field]) => [name, field.heading]));
  return alignTabs(`${execute(() => template.run(headings, { functions: HEADING_FUNCTIONS }))}\n${lines}`);
}

function rowLines<Row>(rows: readonly Row[], listing: Listing<Row>, template: Template): string {
  return rows.map((row) => `${execute(() => template.run(rowData(row, listing), { lookup: (value, name) => lookupField(value, name, listing.goType) }))}\n`).join("");
}

/** What a template sees of one row; hidden fields can be named but are no part of `{{json .}}`. */
export function rowData<Row>(row: Row, listing: Listing<Row>): Record<string, unknown> {
  const data: Record<string, unknown> = {};
  Object.defineProperty(data, ROW, { value: true });
  for (const name of Object.keys(listing.fields).toSorted()) {
    const field = listing.fields[name];
    if (field) Object.defineProperty(data, name, { value: shown(field.value(row)), enumerable: !field.hidden });
  }
  return data;
}

/** A program gets what there is, a terminal nothing that drives it. */
function shown(value: unknown): unknown {
  return typeof value === "string" && stdoutIsTerminal() ? printable(value) : value;
}

/** @throws TemplateError in docker's words when there is no such field */
export function lookupField(value: unknown, name: string, goType: string): unknown {
  if (value !== null && typeof value === "object" && Object.hasOwn(value, name)) return (value as Record<string, unknown>)[name];
  throw new TemplateError(`can't evaluate field ${name} in type *${goType}`);
}

export function compile(source: string): Template {
  try {
    return new Template(source);
  } catch (error) {
    if (error instanceof TemplateError) throw new Failure(`template parsing error: template: :1: ${error.message}`);
    throw error;
  }
}

export function execute(run: () => string): string {
  try {
    return run();
  } catch (error) {
    if (error instanceof TemplateError) throw new Failure(`template parsing error: ${error.message}`);
    throw error;
  }
}
