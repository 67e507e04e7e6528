import type { BuildResult } from "../../spec/mod.ts";
import { out } from "../output.ts";

/** Prints what `--call` asked for, of each target. @returns the exit code */
export function tellAnswers(results: ReadonlyMap<string, BuildResult>): number {
  const answers = [...results].flatMap(([name, { answer }]) => (answer ? [{ name, ...answer }] : []));
  for (const { name, text } of answers) out(`${answers.length > 1 ? `${name}\n` : ""}${text}\n`);
  return Math.max(0, ...answers.map(({ statusCode }) => statusCode));
}
