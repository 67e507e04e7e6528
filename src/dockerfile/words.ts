import { isSpace, splitBlanks, splitOnce, trim, trimLeft } from "./text.ts";

export const NOT_ONLY_STRINGS = "when using JSON array syntax, arrays must be comprised of strings only";

/** Keyword, flags, and the rest of an instruction line. */
export interface CommandLineParts {
  readonly keyword: string;
  readonly flags: readonly string[];
  readonly rest: string;
}

export function splitCommand(line: string, escape: string): CommandLineParts {
  const [keyword, behind] = splitOnce(trim(line));
  if (behind === undefined) return { keyword, flags: [], rest: "" };
  const { flags, rest } = takeFlags(behind, escape);
  return { keyword, flags, rest: trim(rest) };
}

/** The words that begin with `--`, quotes and escapes taken off; `--` alone ends them. */
function takeFlags(line: string, escape: string): { flags: string[]; rest: string } {
  const flags: string[] = [];
  let at = 0;
  for (;;) {
    while (isSpace(line[at])) at++;
    if (!line.startsWith("--", at)) return { flags, rest: line.slice(at) };
    const { word, end } = flagAt(line, at, escape);
    if (word === "--") return { flags, rest: line.slice(end) };
    flags.push(word);
    at = end;
  }
}

function flagAt(line: string, start: number, escape: string): { word: string; end: number } {
  let word = "";
  let quote = "";
  let at = start;
  for (; at < line.length; at++) {
    const ch = line[at] ?? "";
    if (quote === "" && isSpace(ch)) break;
    if (quote === "" && (ch === "'" || ch === '"')) quote = ch;
    else if (ch === quote) quote = "";
    else if (ch === escape) word += line[++at] ?? "";
    else word += ch;
  }
  return { word, end: at };
}

/** Words between blanks, with quotes and escapes kept for the expansion to take off. */
export function quotedWords(text: string, escape: string): string[] {
  const words: string[] = [];
  let at = 0;
  for (;;) {
    while (isSpace(text[at])) at++;
    if (at >= text.length) return words;
    let word = "";
    let quote = "";
    for (; at < text.length && (quote !== "" || !isSpace(text[at])); at++) {
      const ch = text[at] ?? "";
      if (ch === escape && quote !== "'") {
        const escaped = text[++at];
        if (escaped !== undefined) word += ch + escaped;
        continue;
      }
      if (quote === "" && (ch === "'" || ch === '"')) quote = ch;
      else if (ch === quote) quote = "";
      word += ch;
    }
    if (word !== "") words.push(word);
  }
}

/** A JSON array of strings; undefined when the text is none. @throws SyntaxError when the array holds something else */
export function jsonStrings(text: string): string[] | undefined {
  const start = trimLeft(text);
  if (!start.startsWith("[")) return undefined;
  const value = parsed(start);
  if (!Array.isArray(value)) return undefined;
  if (!value.every((item) => typeof item === "string")) throw new SyntaxError(NOT_ONLY_STRINGS);
  return value;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export interface Arguments {
  readonly words: readonly string[];
  readonly json: boolean;
}

/** A JSON array, or words between blanks. @throws SyntaxError */
export function jsonOrWords(rest: string): Arguments {
  const list = jsonStrings(rest);
  if (list !== undefined) return { words: list, json: true };
  return { words: rest === "" ? [] : splitBlanks(rest), json: false };
}
