import { ALL_STEPS, isRemote, variablesOf, type Project } from "../../../compose/mod.ts";
import type { Invocation } from "../../command.ts";
import { openTree } from "../../commands/compose/project-options.ts";
import { Failure } from "../../failure.ts";
import { out } from "../../output.ts";
import { askLine } from "../../questions.ts";
import { stdinIsTerminal } from "../../terminal.ts";
import { progressMode } from "../context.ts";

/** Before a project from elsewhere is run: where it is, and what it takes of this machine's environment. @throws Failure when the user does not want that */
export async function confirmRemote(invocation: Invocation, project: Project, sure = false): Promise<void> {
  const files = invocation.group?.list("file") ?? [];
  const [main] = files;
  if (main === undefined || !isRemote(main)) return;
  const tree = await openTree(invocation, { ...ALL_STEPS, interpolate: false });
  if (project.includes.some(isRemote) && !sure) await confirmIncludes(files.filter(isRemote));
  const mode = progressMode(invocation);
  if (mode !== "quiet" && mode !== "json") out(`Your compose stack ${JSON.stringify(main)} is stored in ${JSON.stringify(project.workingDir)}\n`);
  const variables = sure ? [] : variablesOf(tree);
  if (variables.length > 0) await confirmVariables(variables);
}

async function confirmIncludes(files: readonly string[]): Promise<void> {
  out(`\nWarning: This Compose project includes files from remote sources:\n${files.map((file) => `  - ${file}\n`).join("")}\nRemote includes could potentially be malicious. Make sure you trust the source.\n`);
  await confirm("Do you want to continue? [y/N]: ", false);
}

async function confirmVariables(variables: ReturnType<typeof variablesOf>): Promise<void> {
  const rows = [["VARIABLE", "VALUE", "SOURCE", "REQUIRED", "DEFAULT"], ...variables.map(({ name, required, defaultValue }) => [name, ...valueOf(name, defaultValue), required ? "yes" : "no", defaultValue])];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => (row[column] ?? "").length)) + 3);
  out(`\nFound the following variables in configuration:\n${rows.map((row) => `${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("")}\n`).join("")}`);
  await confirm("\nDo you want to proceed with these variables? [Y/n]: ", true);
}

/** A value and where it is from. */
function valueOf(name: string, defaultValue: string): readonly [string, string] {
  const set = process.env[name];
  if (set !== undefined) return [set, "environment"];
  return defaultValue === "" ? ["<unset>", "none"] : [defaultValue, "compose file"];
}

/** Who only presses return on a terminal takes what is proposed; silence elsewhere is a no. */
async function confirm(question: string, proposed: boolean): Promise<void> {
  const answer = (await askLine(question)).trim();
  const yes = answer === "" && stdinIsTerminal() ? proposed : /^(?:y|yes|true|1|t|on)$/i.test(answer);
  if (!yes) throw new Failure("operation cancelled by user");
}
