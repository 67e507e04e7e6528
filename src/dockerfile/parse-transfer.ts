import { Flags, type FlagTable } from "./flags.ts";
import { heredocStart, heredocText } from "./heredoc.ts";
import { InstructionError } from "./instruction-error.ts";
import type { AddInstruction, CopyInstruction, Heredoc, InlineFile } from "./instruction.ts";
import type { RawInstruction } from "./raw-instruction.ts";
import { WordError } from "./expand.ts";

type Placed = "keyword" | "original" | "range" | "comments" | "kind";

const SHARED = { chown: "text", chmod: "text", link: "switch", exclude: "list" } as const satisfies FlagTable;
const COPY_FLAGS = { ...SHARED, from: "text", parents: "switch" } as const;
const ADD_FLAGS = { ...SHARED, "keep-git-dir": "switch", checksum: "text", unpack: "switch" } as const;

/** @throws InstructionError in Docker's words */
export function parseCopy(raw: RawInstruction, heredocs: readonly Heredoc[]): Omit<CopyInstruction, Placed> {
  const flags = flagsOf(raw, "COPY", COPY_FLAGS);
  const from = flags.text("from");
  return { ...transfer(raw, "COPY", flags, heredocs), parents: flags.isOn("parents"), ...(from !== "" && { from }) };
}

/** @throws InstructionError in Docker's words */
export function parseAdd(raw: RawInstruction, heredocs: readonly Heredoc[]): Omit<AddInstruction, Placed> {
  const flags = flagsOf(raw, "ADD", ADD_FLAGS);
  return {
    ...transfer(raw, "ADD", flags, heredocs),
    checksum: flags.text("checksum"),
    ...(flags.has("keep-git-dir") && { keepGitDir: flags.isOn("keep-git-dir") }),
    ...(flags.has("unpack") && { unpack: flags.isOn("unpack") }),
  };
}

function flagsOf(raw: RawInstruction, name: string, table: FlagTable): Flags {
  if (raw.words.length < 2) throw new InstructionError(`${name} requires at least two arguments, but only one was provided. Destination could not be determined`);
  return new Flags(raw.flags, table);
}

function transfer({ words }: RawInstruction, name: string, flags: Flags, heredocs: readonly Heredoc[]) {
  const destination = words.at(-1) ?? "";
  if (isHeredoc(destination)) throw new InstructionError(`${name} cannot accept a heredoc as a destination`);
  const sources: string[] = [];
  const files: InlineFile[] = [];
  for (const word of words.slice(0, -1)) {
    const start = isHeredoc(word);
    if (start === undefined) sources.push(word);
    else files.push(inlineFile(start.name, start.chomp, start.expand, heredocs));
  }
  return { sources, files, destination, chown: flags.text("chown"), chmod: flags.text("chmod"), link: flags.isOn("link"), exclude: flags.list("exclude") };
}

function inlineFile(name: string, chomp: boolean, expand: boolean, heredocs: readonly Heredoc[]): InlineFile {
  const content = heredocs.findLast((heredoc) => heredoc.name === name)?.content ?? "";
  return { name, content: heredocText({ content, chomp }), expand };
}

/** A word with an open quote is a path like any other. */
function isHeredoc(word: string): ReturnType<typeof heredocStart> {
  try {
    return heredocStart(word);
  } catch (error) {
    if (error instanceof WordError) return undefined;
    throw error;
  }
}
