import { heredocStart, heredocText } from "./heredoc.ts";
import { InstructionError } from "./instruction-error.ts";
import type { RunInstruction } from "./instruction.ts";
import { WordError } from "./expand.ts";
import { DEFAULT_SHELL } from "./config.ts";

export interface RunCommand {
  readonly args: readonly string[];
  /** A heredoc that begins with `#!` is a file (mode 0755) in a folder that is mounted read-only at /dev/pipes, and run by the shell. */
  readonly script?: { readonly name: string; readonly content: string };
}

export const SCRIPT_FOLDER = "/dev/pipes/";

/** The process of a RUN: its words, or its heredocs, under the stage's shell. @throws InstructionError */
export function runCommand({ command, heredocs }: Pick<RunInstruction, "command" | "heredocs">, shell: readonly string[] | null | undefined): RunCommand {
  if (command.form === "exec") return { args: command.args };
  const prefix = shell?.length ? shell : DEFAULT_SHELL;
  const [first] = heredocs;
  if (first === undefined) return { args: [...prefix, command.text] };
  if (!isHeredocAlone(command.text)) return { args: [...prefix, [command.text, ...heredocs.map(({ content, name }) => `${content}${name}`)].join("\n")] };
  const content = heredocText(first);
  if (!content.startsWith("#!")) return { args: [...prefix, content] };
  return { args: [...prefix, `${SCRIPT_FOLDER}${first.name}`], script: { name: first.name, content } };
}

function isHeredocAlone(text: string): boolean {
  try {
    return heredocStart(text) !== undefined;
  } catch (error) {
    throw error instanceof WordError ? new InstructionError(error.message) : error;
  }
}
