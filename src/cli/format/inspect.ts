import { Failure } from "../failure.ts";
import { err, out } from "../output.ts";
import { indentJson } from "./json-text.ts";

export interface InspectOptions {
  readonly format: string | undefined;
  /** Docker's sentence when an object is not there starts with this. */
  readonly prefix?: string;
}

/** Looks several objects up and prints what was found as one JSON array, or each through a template. @returns the exit code */
export async function printInspected(names: readonly string[], fetchText: (name: string) => Promise<string>, { format, prefix = "" }: InspectOptions): Promise<number> {
  const found: string[] = [];
  const failures: string[] = [];
  for (const name of names) {
    try {
      found.push(await fetchText(name));
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      failures.push(`${prefix}${error.message}`);
    }
  }
  if (format === undefined || format === "") out(`${indentJson(`[${found.join(",")}]`)}\n`);
  else if (format === "json") out(`[${found.map((text) => text.trim()).join(",")}]\n`);
  else await printTemplate(found, format);
  for (const failure of failures) err(`${failure}\n`);
  return failures.length > 0 ? 1 : 0;
}

async function printTemplate(found: readonly string[], format: string): Promise<void> {
  const { inspectTemplate } = await import("./inspect-template.ts");
  const template = inspectTemplate(format);
  const failures: Failure[] = [];
  let printed = "";
  for (const text of found) {
    try {
      printed += `${template(JSON.parse(text))}\n`;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      failures.push(error);
    }
  }
  out(printed === "" ? "\n" : printed);
  if (failures[0]) throw new Failure(failures.map(({ message }) => message).join("\n"), failures[0].exitCode);
}
