import { InstructionError } from "./instruction-error.ts";
import type { Heredoc, KeyValue } from "./instruction.ts";
import { isSpace, quoted, splitBlanks, splitOnce } from "./text.ts";
import { jsonOrWords, jsonStrings, quotedWords, splitCommand, type Arguments } from "./words.ts";

/** An instruction with its arguments apart, before anybody asks whether they make sense. */
export interface RawInstruction {
  readonly keyword: string;
  readonly flags: readonly string[];
  readonly words: readonly string[];
  /** The words are those of a JSON array. */
  readonly json: boolean;
  readonly pairs: readonly KeyValue[];
  /** What ONBUILD triggers. */
  readonly trigger?: RawInstruction;
}

type ArgumentShape = (rest: string, escape: string, keyword: string) => Partial<RawInstruction>;

const oneText: ArgumentShape = (rest) => ({ words: rest === "" ? [] : [rest] });
const command: ArgumentShape = (rest) => commandWords(rest);
const spaced: ArgumentShape = (rest) => ({ words: rest === "" ? [] : splitBlanks(rest) });
const listOrSpaced: ArgumentShape = (rest) => jsonOrWords(rest);
const pairs: ArgumentShape = (rest, escape, keyword) => ({ pairs: keyValues(rest, escape, keyword) });

const SHAPES: Readonly<Record<string, ArgumentShape>> = {
  add: listOrSpaced,
  arg: (rest, escape) => ({ words: quotedWords(rest, escape) }),
  cmd: command,
  copy: listOrSpaced,
  entrypoint: command,
  env: pairs,
  expose: spaced,
  from: spaced,
  healthcheck: (rest) => healthcheckWords(rest),
  label: pairs,
  maintainer: oneText,
  onbuild: (rest, escape) => (rest === "" ? {} : { trigger: rawInstruction(rest, escape) }),
  run: command,
  shell: command,
  stopsignal: oneText,
  user: oneText,
  volume: listOrSpaced,
  workdir: oneText,
};

export const KEYWORDS: readonly string[] = Object.keys(SHAPES).map((keyword) => keyword.toUpperCase());

/** @throws InstructionError for arguments that cannot be told apart */
export function rawInstruction(line: string, escape: string): RawInstruction {
  return nested(line, escape, 0);
}

/** ONBUILD ONBUILD … is refused later, but may be written. */
const NESTING_LIMIT = 64;

function nested(line: string, escape: string, depth: number): RawInstruction {
  const { keyword, flags, rest } = splitCommand(line, escape);
  const kind = keyword.toLowerCase();
  const base = { keyword, flags, words: [], json: false, pairs: [] };
  if (kind === "onbuild" && rest !== "") return { ...base, trigger: depth < NESTING_LIMIT ? nested(rest, escape, depth + 1) : base };
  const shape = Object.hasOwn(SHAPES, kind) ? SHAPES[kind] : undefined;
  try {
    return { ...base, ...shape?.(rest, escape, kind.toUpperCase()) };
  } catch (error) {
    throw error instanceof SyntaxError ? new InstructionError(error.message) : error;
  }
}

/** Only RUN, COPY and ADD read heredocs, and only outside of the JSON form. */
export function mayHaveHeredoc(raw: RawInstruction): boolean {
  const { keyword, json } = raw.trigger ?? raw;
  return !json && ["run", "copy", "add"].includes(keyword.toLowerCase());
}

export interface ParsedLine {
  readonly raw: RawInstruction;
  readonly heredocs: readonly Heredoc[];
}

function commandWords(rest: string): Arguments {
  if (rest === "") return { words: [], json: false };
  const list = jsonStrings(rest);
  return list === undefined ? { words: [rest], json: false } : { words: list, json: true };
}

function healthcheckWords(rest: string): Arguments {
  let end = 0;
  while (end < rest.length && !isSpace(rest[end])) end++;
  let next = end;
  while (isSpace(rest[next])) next++;
  if (end === 0) return { words: [], json: false };
  const { words, json } = commandWords(rest.slice(next));
  return { words: [rest.slice(0, end), ...words], json };
}

/** `k=v k2="v 2"`, or the old `k v`, which takes the rest of the line. */
function keyValues(rest: string, escape: string, keyword: string): KeyValue[] {
  const words = quotedWords(rest, escape);
  const [first] = words;
  if (first === undefined) return [];
  if (!first.includes("=")) {
    const [key, value] = splitOnce(rest);
    if (value === undefined) throw new InstructionError(`${keyword} must have two arguments`);
    return [{ key, value, legacy: true }];
  }
  return words.map((word) => {
    const equals = word.indexOf("=");
    if (equals < 0) throw new InstructionError(`Syntax error - can't find = in ${quoted(word)}. Must be of the form: name=value`, word);
    return { key: word.slice(0, equals), value: word.slice(equals + 1), legacy: false };
  });
}
