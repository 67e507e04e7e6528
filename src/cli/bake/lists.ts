import { listTargets, listVariables, type BakeOptions, type Definition } from "../../bake/mod.ts";
import { Failure } from "../failure.ts";

const TAB = 8;

/** `targets`, `variables`, or `type=…,format=json`, as text. @throws Failure */
export function listed(definition: Definition, what: string, options: BakeOptions): string {
  const { type, format } = kindOf(what);
  if (type === "targets") {
    const targets = listTargets(definition, options);
    return format === "json" ? json(targets.map(({ name, description, group }) => ({ name, ...(description !== "" && { description }), ...(group && { group }) }))) : table([["TARGET", "DESCRIPTION"], ...targets.map(({ name, description }) => [name, description])]);
  }
  const variables = listVariables(definition, options);
  if (format === "json") return json(variables.map(({ name, type: kind, value, description }) => ({ name, ...(description !== "" && { description }), ...(kind !== "" && { type: kind }), ...(value !== undefined && { value }) })));
  return table([["VARIABLE", "TYPE", "VALUE", "DESCRIPTION"], ...variables.map((variable) => [variable.name, variable.type, variable.value ?? "<null>", variable.description])]);
}

function kindOf(what: string): { readonly type: string; readonly format: string } {
  const fields = new Map<string, string>([["format", "table"], ...what.split(",").map((field): [string, string] => {
    const at = field.indexOf("=");
    if (at < 0 && what !== field) throw new Failure(`ERROR: invalid value ${field}`);
    const key = at < 0 ? "type" : field.slice(0, at).trim().toLowerCase();
    if (key !== "type" && key !== "format") throw new Failure(`ERROR: unexpected key '${key}' in '${field}'`);
    return [key, field.slice(at + 1)];
  })]);
  const [type = "", format = ""] = [fields.get("type"), fields.get("format")];
  if (type !== "targets" && type !== "variables") throw new Failure(`ERROR: invalid list type ${JSON.stringify(type)}: targets or variables`);
  if (format !== "table" && format !== "json") throw new Failure(`ERROR: invalid list format ${JSON.stringify(format)}: table or json`);
  return { type, format };
}

const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;

/** Columns that are parted by tabs alone. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.ceil((Math.max(...rows.map((row) => (row[column] ?? "").length)) + 1) / TAB) * TAB);
  const cell = (text: string, column: number, last: boolean): string => (last ? text : text + "\t".repeat(Math.ceil(((widths[column] ?? 0) - text.length) / TAB)));
  return rows.map((row) => `${row.map((text, column) => cell(text, column, column === row.length - 1)).join("")}\n`).join("");
}
