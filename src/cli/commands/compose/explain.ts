import { explainUp, type ExplainedThing, type Explanation } from "../../../compose/mod.ts";
import { goJson } from "../../compose/json-array.ts";
import { openContext } from "../../compose/context.ts";
import type { Invocation } from "../../command.ts";
import { Failure } from "../../failure.ts";
import { out, printable } from "../../output.ts";
import { openProject } from "./project-options.ts";

export async function run(invocation: Invocation): Promise<number> {
  const { flags, args } = invocation;
  const format = flags.string("format") || "text";
  if (format !== "text" && format !== "json") throw new Failure(`unsupported format ${JSON.stringify(format)}`);
  using context = openContext(invocation);
  const explanation = await explainUp(context, await openProject(invocation, args));
  out(format === "json" ? `${goJson(explanation)}\n` : textOf(explanation));
  return 0;
}

const VERBS = { create: "is made", recreate: "is made anew", pull: "is pulled", build: "is built", start: "is started", remove: "is removed", rename: "gets its name", keep: "stays" } as const;

function textOf({ project, images, networks, volumes, containers, orphans }: Explanation): string {
  const things = (what: string, all: readonly ExplainedThing[]): string[] => all.filter(({ action }) => action !== "keep").map(({ name, action }) => `${what} ${name} ${VERBS[action]}`);
  const changed = containers.filter(({ action }) => action !== "keep");
  const lines = [
    ...things("Image", images),
    ...things("Network", networks),
    ...things("Volume", volumes),
    ...changed.flatMap(({ name, action, reason, changes }) => [`Container ${name} ${VERBS[action]}: ${reason}`, ...changes.map((change) => `  ${change}`)]),
  ];
  const kept = containers.length - changed.length;
  if (lines.length === 0) lines.push(`Nothing would change: ${kept} container${kept === 1 ? "" : "s"} of ${project} run${kept === 1 ? "s" : ""} as the file says`);
  else if (kept > 0) lines.push(`${kept} other container${kept === 1 ? " stays" : "s stay"} as ${kept === 1 ? "it is" : "they are"}`);
  if (orphans.length > 0) lines.push(`Left over, of services that the file does not have (up --remove-orphans removes them): ${orphans.join(", ")}`);
  return lines.map((line) => `${printable(line)}\n`).join("");
}
