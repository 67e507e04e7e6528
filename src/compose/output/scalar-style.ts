import { resolvePlain } from "../yaml/scalars.ts";

const OLD_BOOLEANS = new Set(["y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "n", "N", "no", "No", "NO", "off", "Off", "OFF"]);
const SEXAGESIMAL = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/;
/** What the writer takes for unprintable, besides the line feed: all beyond the basic plane too. */
// eslint-disable-next-line no-control-regex
const UNPRINTABLE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\ufeff\ufffe\uffff\u{10000}-\u{10ffff}]/u;

/** Of the words that mean something else: `false`. */
const LONGEST_WORD = 5;
const PLAIN_WORD = /^[A-Za-z/][A-Za-z0-9_/.-]*$/;

export type Style = "plain" | "single" | "double" | "literal";

/** How docker-compose's YAML writer writes a text. */
export function styleOf(text: string, isKey: boolean): Style {
  if (text.length > LONGEST_WORD && PLAIN_WORD.test(text)) return "plain";
  if (text.includes("\n")) return isKey || !mayBeBlock(text) ? "double" : "literal";
  if (meansSomethingElse(text)) return "double";
  if (mayBePlain(text)) return "plain";
  return UNPRINTABLE.test(text) ? "double" : "single";
}

const meansSomethingElse = (text: string): boolean => typeof resolvePlain(text).value !== "string" || resolvePlain(text).form !== undefined || SEXAGESIMAL.test(text) || OLD_BOOLEANS.has(text);

function mayBePlain(text: string): boolean {
  if (/^ | $|[\u2028\u2029]/.test(text) || UNPRINTABLE.test(text)) return false;
  if (/^(?:---|\.\.\.)/.test(text)) return false;
  if (/^[#,[\]{}&*!|>'"%@`]/.test(text) || /^[-?:](?: |$)/.test(text)) return false;
  return !/:(?: |$)| #/.test(text);
}

/** A block keeps neither trailing spaces nor what has to be escaped. */
const mayBeBlock = (text: string): boolean => !text.endsWith(" ") && !/ \n/.test(text) && !UNPRINTABLE.test(text.replaceAll("\t", ""));

const ESCAPES: Readonly<Record<string, string>> = {
  "\0": "\\0", "\x07": "\\a", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\v": "\\v", "\f": "\\f", "\r": "\\r", "\x1b": "\\e", '"': '\\"', "\\": "\\\\",
  "\u0085": "\\N", "\u00a0": "\\_", "\u2028": "\\L", "\u2029": "\\P",
};

export function doubleQuoted(text: string): string {
  let quoted = "";
  for (const letter of text) quoted += ESCAPES[letter] ?? (UNPRINTABLE.test(letter) ? escaped(letter) : letter);
  return `"${quoted}"`;
}

function escaped(letter: string): string {
  const code = letter.codePointAt(0) ?? 0;
  const hex = code.toString(16).toUpperCase();
  if (code > 0xffff) return `\\U${hex.padStart(8, "0")}`;
  return code <= 0xff ? `\\x${hex.padStart(2, "0")}` : `\\u${hex.padStart(4, "0")}`;
}

export const singleQuoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
