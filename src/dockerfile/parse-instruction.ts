import { InstructionError } from "./instruction-error.ts";
import type { ArgDefinition, CommandLine, Heredoc, Instruction, KeyValue } from "./instruction.ts";
import { Flags } from "./flags.ts";
import { parseHealthcheck } from "./parse-healthcheck.ts";
import { parseRun } from "./parse-run.ts";
import { parseAdd, parseCopy } from "./parse-transfer.ts";
import { KEYWORDS, type RawInstruction } from "./raw-instruction.ts";
import type { SourceRange } from "./source.ts";
import { suggestion } from "./suggest.ts";
import { trim } from "./text.ts";

/** What every instruction has besides its arguments. */
export interface InstructionPlace {
  readonly keyword: string;
  readonly original: string;
  readonly range: SourceRange;
  readonly comments: readonly string[];
}

/** The typed form of an instruction that is not FROM. @throws InstructionError in Docker's words */
export function parseInstruction(raw: RawInstruction, place: InstructionPlace, heredocs: readonly Heredoc[]): Instruction {
  switch (raw.keyword.toLowerCase()) {
    case "add":
      return { ...place, kind: "add", ...parseAdd(raw, heredocs) };
    case "arg":
      return { ...place, kind: "arg", args: argDefinitions(raw.words, place.comments) };
    case "cmd":
      return { ...place, kind: "cmd", command: plainCommand(raw) };
    case "copy":
      return { ...place, kind: "copy", ...parseCopy(raw, heredocs) };
    case "entrypoint":
      return { ...place, kind: "entrypoint", command: plainCommand(raw) };
    case "env":
      return { ...place, kind: "env", pairs: namedPairs(raw, "ENV") };
    case "expose":
      return { ...place, kind: "expose", ports: atLeastOne(raw, "EXPOSE").toSorted() };
    case "healthcheck":
      return { ...place, kind: "healthcheck", health: parseHealthcheck(raw) };
    case "label":
      return { ...place, kind: "label", pairs: namedPairs(raw, "LABEL") };
    case "maintainer":
      return { ...place, kind: "maintainer", maintainer: exactlyOne(raw, "MAINTAINER") };
    case "onbuild":
      return { ...place, kind: "onbuild", expression: triggerText(raw, place.original, heredocs) };
    case "run":
      return { ...place, kind: "run", ...parseRun(raw, heredocs) };
    case "shell":
      return { ...place, kind: "shell", shell: shellWords(raw) };
    case "stopsignal":
      return { ...place, kind: "stopsignal", signal: exactlyOne({ ...raw, flags: [] }, "STOPSIGNAL") };
    case "user":
      return { ...place, kind: "user", user: exactlyOne(raw, "USER") };
    case "volume":
      return { ...place, kind: "volume", paths: atLeastOne(raw, "VOLUME").map(volumePath) };
    case "workdir":
      return { ...place, kind: "workdir", path: exactlyOne(raw, "WORKDIR") };
    default:
      throw new InstructionError(`unknown instruction: ${raw.keyword}${suggestion(raw.keyword, KEYWORDS, { foldCase: true })}`, raw.keyword);
  }
}

export function commandLineOf({ words, json }: RawInstruction): CommandLine {
  return json ? { form: "exec", args: words } : { form: "shell", text: words.join(" ") };
}

function plainCommand(raw: RawInstruction): CommandLine {
  checkNoFlags(raw);
  return commandLineOf(raw);
}

const checkNoFlags = (raw: RawInstruction): Flags => new Flags(raw.flags, {});

function exactlyOne(raw: RawInstruction, name: string): string {
  const [word] = raw.words;
  if (word === undefined) throw new InstructionError(`${name} requires exactly one argument`);
  checkNoFlags(raw);
  return word;
}

function atLeastOne(raw: RawInstruction, name: string): readonly string[] {
  if (raw.words.length === 0) throw new InstructionError(`${name} requires at least one argument`);
  checkNoFlags(raw);
  return raw.words;
}

function namedPairs(raw: RawInstruction, name: string): readonly KeyValue[] {
  checkNoFlags(raw);
  if (raw.pairs.length === 0) throw new InstructionError(`${name} requires at least one argument`);
  if (raw.pairs.some(({ key }) => key === "")) throw new InstructionError(`${name} names can not be blank`);
  return raw.pairs;
}

function volumePath(word: string): string {
  const path = trim(word);
  if (path === "") throw new InstructionError("VOLUME specified can not be an empty string");
  return path;
}

function argDefinitions(words: readonly string[], comments: readonly string[]): ArgDefinition[] {
  if (words.length === 0) throw new InstructionError("ARG requires at least one argument");
  return words.map((word) => {
    const equals = word.indexOf("=");
    if (equals === 0) throw new InstructionError("ARG names can not be blank");
    const name = equals < 0 ? word : word.slice(0, equals);
    const description = descriptionOf(name, comments);
    return { name, ...(equals > 0 && { defaultValue: word.slice(equals + 1) }), ...(description !== undefined && { description }) };
  });
}

/** The text of a comment `NAME text`. */
export function descriptionOf(name: string, comments: readonly string[]): string | undefined {
  return comments.find((comment) => comment.startsWith(`${name} `))?.slice(name.length + 1);
}

function shellWords(raw: RawInstruction): readonly string[] {
  checkNoFlags(raw);
  if (raw.words.length === 0) throw new InstructionError("SHELL requires at least one argument");
  if (!raw.json) throw new InstructionError("SHELL requires the arguments to be in JSON form");
  return raw.words;
}

function triggerText(raw: RawInstruction, original: string, heredocs: readonly Heredoc[]): string {
  if (raw.trigger === undefined) throw new InstructionError("ONBUILD requires at least one argument");
  checkNoFlags(raw);
  const trigger = raw.trigger.keyword.toUpperCase();
  if (trigger === "ONBUILD") throw new InstructionError("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
  if (trigger === "MAINTAINER" || trigger === "FROM") throw new InstructionError(`${trigger} isn't allowed as an ONBUILD trigger`);
  return original.replace(/^\s*ONBUILD\s*/i, "") + heredocs.map(({ content, name }) => `\n${content}${name}`).join("");
}
