/** Where a text stops being JSON, in the words of Go's encoding/json, which users of docker know; undefined when it is JSON. */
export function jsonSyntaxError(text: string): string | undefined {
  try {
    const end = skipSpace(text, readValue(text, skipSpace(text, 0), "looking for beginning of value"));
    return end < text.length ? unexpected(text, end, "after top-level value").message : undefined;
  } catch (error) {
    if (error instanceof JsonSyntaxError) return error.message;
    throw error;
  }
}

class JsonSyntaxError extends Error {}

const MAX_DEPTH = 10_000;

function unexpected(text: string, at: number, context: string): JsonSyntaxError {
  const character = [...text.slice(at, at + 2)][0];
  if (character === undefined) return new JsonSyntaxError("unexpected end of JSON input");
  const shown = character === "'" ? `'\\''` : character === '"' ? `'"'` : `'${JSON.stringify(character).slice(1, -1)}'`;
  return new JsonSyntaxError(`invalid character ${shown} ${context}`);
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && " \t\r\n".includes(text[at] ?? "")) at++;
  return at;
}

function readValue(text: string, at: number, context: string, depth = 0): number {
  if (depth > MAX_DEPTH) throw new JsonSyntaxError("exceeded max depth");
  const first = text[at];
  if (first === "{") return readMembers(text, at + 1, depth);
  if (first === "[") return readItems(text, at + 1, depth);
  if (first === '"') return readString(text, at + 1);
  for (const word of ["true", "false", "null"]) if (first === word[0]) return readWord(text, at, word);
  if (first !== undefined && /[-\d]/.test(first)) return readNumber(text, at);
  throw unexpected(text, at, context);
}

function readMembers(text: string, from: number, depth: number): number {
  let at = skipSpace(text, from);
  if (text[at] === "}") return at + 1;
  for (;;) {
    if (text[at] !== '"') throw unexpected(text, at, "looking for beginning of object key string");
    at = skipSpace(text, readString(text, at + 1));
    if (text[at] !== ":") throw unexpected(text, at, "after object key");
    at = skipSpace(text, readValue(text, skipSpace(text, at + 1), "looking for beginning of value", depth + 1));
    if (text[at] === "}") return at + 1;
    if (text[at] !== ",") throw unexpected(text, at, "after object key:value pair");
    at = skipSpace(text, at + 1);
  }
}

function readItems(text: string, from: number, depth: number): number {
  let at = skipSpace(text, from);
  if (text[at] === "]") return at + 1;
  for (;;) {
    at = skipSpace(text, readValue(text, at, "looking for beginning of value", depth + 1));
    if (text[at] === "]") return at + 1;
    if (text[at] !== ",") throw unexpected(text, at, "after array element");
    at = skipSpace(text, at + 1);
  }
}

function readString(text: string, from: number): number {
  for (let at = from; ; at++) {
    const character = text[at];
    if (character === '"') return at + 1;
    if (character === undefined || character < " ") throw unexpected(text, at, "in string literal");
    if (character !== "\\") continue;
    at++;
    if (!/["\\/bfnrtu]/.test(text[at] ?? "")) throw unexpected(text, at, "in string escape code");
    if (text[at] !== "u") continue;
    for (const last = at + 4; at < last; ) if (!/[\da-fA-F]/.test(text[++at] ?? "")) throw unexpected(text, at, "in \\u hexadecimal character escape");
  }
}

function readWord(text: string, from: number, word: string): number {
  for (let index = 1; index < word.length; index++) {
    if (text[from + index] !== word[index]) throw unexpected(text, from + index, `in literal ${word} (expecting '${word[index]}')`);
  }
  return from + word.length;
}

function readNumber(text: string, from: number): number {
  const isDigit = (at: number) => /\d/.test(text[at] ?? "");
  const digits = (start: number) => {
    let at = start;
    while (isDigit(at)) at++;
    return at;
  };
  let at = text[from] === "-" ? from + 1 : from;
  if (!isDigit(at)) throw unexpected(text, at, "in numeric literal");
  at = text[at] === "0" ? at + 1 : digits(at);
  if (text[at] === ".") {
    if (!isDigit(at + 1)) throw unexpected(text, at + 1, "after decimal point in numeric literal");
    at = digits(at + 1);
  }
  if (text[at] !== "e" && text[at] !== "E") return at;
  at += /[+-]/.test(text[at + 1] ?? "") ? 2 : 1;
  if (!isDigit(at)) throw unexpected(text, at, "in exponent of numeric literal");
  return digits(at);
}
