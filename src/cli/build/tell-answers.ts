import type { Baked, Target } from "../../bake/mod.ts";
import type { BuildResult } from "../../spec/mod.ts";
import { out } from "../output.ts";
import { safeExcerpt } from "./progress/summary.ts";

type Results = ReadonlyMap<string, BuildResult>;

/** Prints what `--call` asked for, of each target under its name and description. @returns the exit code */
export function tellAnswers(results: Results, targets: Readonly<Record<string, Target>>): number {
  const told = answersOf(results).map(({ name, text }) => {
    const description = targets[name]?.description;
    return `${name}\n${description === undefined ? "" : `${description}\n`}\n${safeExcerpt(text).replace(/(?<!\n)$/, "\n")}`;
  });
  if (told.length > 0) out(told.join("\n"));
  return exitCode(results);
}

/** The same as one document, with what was asked for. */
export function tellAnswersAsJson(results: Results, { group, target }: Baked): number {
  const answers = new Map(answersOf(results).map(({ name, json }) => [name, json]));
  const told = Object.entries(target).map(([name, build]) => [name, { build, ...(answers.has(name) && { [build.call === "lint" ? "check" : (build.call ?? "")]: answers.get(name) }) }]);
  out(`${JSON.stringify({ group, target: Object.fromEntries(told) }, undefined, 2)}\n`);
  return exitCode(results);
}

const answersOf = (results: Results) => [...results].flatMap(([name, { answer }]) => (answer ? [{ name, ...answer }] : [])).toSorted((a, b) => (a.name < b.name ? -1 : 1));

const exitCode = (results: Results): number => Math.max(0, ...answersOf(results).map(({ statusCode }) => statusCode));
