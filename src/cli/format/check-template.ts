import { Template, TemplateError } from "../../template/mod.ts";
import { Failure } from "../failure.ts";
import type { Listing } from "./listing-fields.ts";
import { lookupField } from "./listing-template.ts";

/** Tries a template on a row without values, before the engine is asked: docker does so for containers, with words of its own. */
export function checkTemplate<Row>(format: string, listing: Listing<Row>): void {
  if (format === "json" || format === "raw" || format.startsWith("table")) return;
  const empty = Object.fromEntries(Object.entries(listing.fields).map(([name, { heading }]) => [name, typeof heading === "string" ? "" : () => ""]));
  let stage = "parse";
  try {
    const template = new Template(format);
    stage = "execute";
    template.run(empty, { lookup: (value, name) => lookupField(value, name, listing.goType) });
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw new Failure(stage === "parse" ? `failed to parse template: template: :1: ${error.message}` : `failed to execute template: ${error.message}`);
  }
}
