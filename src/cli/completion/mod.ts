import { err, out } from "../output.ts";
import { candidatesFor, type Candidates } from "./candidates.ts";
import { Directive } from "./directive.ts";

/**
 * What the shells' scripts call: `hako __complete WORD… PARTIAL` prints candidates, one in a line with its description
 * behind a tab, and last `:N`, what the shell is to do with them (the protocol of docker's own completion).
 */
export async function complete(words: readonly string[], descriptions: boolean): Promise<number> {
  const { names, directive } = await candidates(words);
  const partial = words.at(-1) ?? "";
  const fitting = names.filter(({ name }) => name.startsWith(partial));
  out(fitting.map(({ name, description }) => `${name}${descriptions && description ? `\t${description}` : ""}\n`).join("") + `:${directive}\n`);
  err(`Completion ended with directive: ${directiveNames(directive)}\n`);
  return 0;
}

/** Whatever goes wrong, someone who presses a key wants no message. */
async function candidates(words: readonly string[]): Promise<Candidates> {
  try {
    return await candidatesFor(words);
  } catch {
    return { names: [], directive: Directive.error };
  }
}

function directiveNames(directive: number): string {
  const names = [
    [Directive.error, "ShellCompDirectiveError"],
    [Directive.noSpace, "ShellCompDirectiveNoSpace"],
    [Directive.noFiles, "ShellCompDirectiveNoFileComp"],
  ] as const;
  const set = names.filter(([bit]) => (directive & bit) !== 0).map(([, name]) => name);
  return set.length === 0 ? "ShellCompDirectiveDefault" : set.join(", ");
}
