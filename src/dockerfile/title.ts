import type { Environment } from "./environment.ts";
import { expandWord, WordError } from "./expand.ts";
import { heredocStart, heredocSummary } from "./heredoc.ts";
import type { ExpandedInstruction, Instruction } from "./instruction.ts";

/** An instruction as progress names it, `RUN make all`: variables replaced, secrets masked, the first line of a heredoc behind it. */
export function instructionTitle(instruction: Instruction | ExpandedInstruction, environment: Environment, { escape = "\\" }: { escape?: "\\" | "`" } = {}): string {
  const { kind, original } = instruction;
  if (kind !== "run") return withCapitals(expandedOr(original, environment, escape, "word"));
  const masked = "mounts" in instruction ? withMaskedSecrets(instruction.mounts, environment) : environment;
  return withCapitals(expandedOr(original + heredocHint(instruction), masked, escape, "display"));
}

function heredocHint({ command, heredocs: [first] }: Extract<Instruction, { kind: "run" }>): string {
  const alone = first !== undefined && command.form === "shell" && heredocStart(command.text) !== undefined;
  return alone ? ` (${heredocSummary(first.content)})` : "";
}

function withMaskedSecrets(mounts: Extract<ExpandedInstruction, { kind: "run" }>["mounts"], environment: Environment): Environment {
  const secrets = new Set(mounts.flatMap((mount) => (mount.type === "secret" && mount.env !== undefined ? [mount.env] : [])));
  return secrets.size === 0 ? environment : { get: (name) => (secrets.has(name) ? "****" : environment.get(name)), names: () => environment.names() };
}

/** A text that cannot be expanded (an open quote in a script) is shown as it is. */
function expandedOr(text: string, environment: Environment, escape: "\\" | "`", mode: "word" | "display"): string {
  try {
    return expandWord(text, environment, { escape, mode }).text;
  } catch (error) {
    if (error instanceof WordError) return text;
    throw error;
  }
}

function withCapitals(text: string): string {
  const end = text.indexOf(" ");
  return end < 0 ? text.toUpperCase() : text.slice(0, end).toUpperCase() + text.slice(end);
}
