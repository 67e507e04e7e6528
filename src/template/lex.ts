/** A template in pieces: text as it is, and the inside of each `{{ }}`. */
export type Piece = { readonly kind: "text"; readonly text: string } | { readonly kind: "action"; readonly source: string };

export class TemplateError extends Error {}

/** Cuts a template at its `{{ }}`, with trim markers and comments taken care of (Go text/template). */
export function cutPieces(source: string): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  let trimNext = false;
  while (at < source.length) {
    const open = source.indexOf("{{", at);
    const end = open < 0 ? source.length : open;
    const trimBefore = open >= 0 && /^\{\{-\s/.test(source.slice(open, open + 4));
    let text = source.slice(at, end);
    if (trimNext) text = text.trimStart();
    if (trimBefore) text = text.trimEnd();
    if (text !== "") pieces.push({ kind: "text", text });
    if (open < 0) break;
    const close = findClose(source, open + 2);
    let body = source.slice(open + (trimBefore ? 3 : 2), close);
    trimNext = /\s-$/.test(body);
    if (trimNext) body = body.slice(0, -1);
    if (!/^\s*\/\*[\s\S]*\*\/\s*$/.test(body)) pieces.push({ kind: "action", source: body.trim() });
    at = close + 2;
  }
  return pieces;
}

/** `}}` inside a string does not end the action. */
function findClose(source: string, from: number): number {
  let quoted = "";
  for (let at = from; at < source.length; at++) {
    const letter = source[at] ?? "";
    if (quoted === "") {
      if (source.startsWith("}}", at)) return at;
      if (source.startsWith("/*", at)) {
        const end = source.indexOf("*/", at);
        if (end < 0) throw new TemplateError("unclosed comment");
        at = end + 1;
      } else if (letter === '"' || letter === "`" || letter === "'") quoted = letter;
    } else if (letter === "\\" && quoted !== "`") at++;
    else if (letter === quoted) quoted = "";
  }
  throw new TemplateError(quoted === "" ? "unclosed action" : "unterminated quoted string");
}

export type Token =
  | { readonly kind: "field"; readonly name: string; readonly spaced: boolean } // .Name
  | { readonly kind: "dot" }
  | { readonly kind: "variable"; readonly name: string } // $ or $name
  | { readonly kind: "word"; readonly name: string }
  | { readonly kind: "literal"; readonly value: string | number | boolean | null }
  | { readonly kind: "mark"; readonly text: string }; // | ( ) := = ,

const TOKEN = /(\s*)(?:(\.[A-Za-z_]\w*)|(\.)(?![\d])|(\$\w*)|("(?:[^"\\\n]|\\.)*"|`[^`]*`)|('(?:[^'\\]|\\.[^']*)')|([+-]?(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))|([A-Za-z_]\w*)|(:=|[|()=,]))/y;

export function cutTokens(source: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  for (let at = 0; source.slice(at).trim() !== ""; ) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(source);
    if (!match) throw new TemplateError(unexpected(source.slice(at).trimStart()));
    const [, space = "", field, dot, variable, text, character, number, word, mark] = match;
    if (field !== undefined) tokens.push({ kind: "field", name: field.slice(1), spaced: space !== "" || at === 0 });
    else if (dot !== undefined) tokens.push({ kind: "dot" });
    else if (variable !== undefined) tokens.push({ kind: "variable", name: variable });
    else if (text !== undefined) tokens.push({ kind: "literal", value: unquote(text) });
    else if (character !== undefined) tokens.push({ kind: "literal", value: unquote(`"${character.slice(1, -1)}"`).codePointAt(0) ?? 0 });
    else if (number !== undefined) tokens.push({ kind: "literal", value: Number(number.replaceAll("_", "")) });
    else if (word !== undefined) tokens.push(word === "true" || word === "false" ? { kind: "literal", value: word === "true" } : word === "nil" ? { kind: "literal", value: null } : { kind: "word", name: word });
    else tokens.push({ kind: "mark", text: mark ?? "" });
    at = TOKEN.lastIndex;
  }
  return tokens;
}

const unexpected = (rest: string): string => (/^["'`]/.test(rest) ? "unterminated quoted string" : `unexpected ${JSON.stringify(rest[0])} in command`);

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", a: "\x07", b: "\b", f: "\f", v: "\v", "\\": "\\", '"': '"', "'": "'" };

function unquote(text: string): string {
  if (text.startsWith("`")) return text.slice(1, -1);
  return text.slice(1, -1).replace(/\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))/g, (whole, hex: string, small: string, large: string, octal: string, letter: string) => {
    if (octal) return String.fromCodePoint(Number.parseInt(octal, 8));
    const code = hex || small || large;
    return code ? String.fromCodePoint(Number.parseInt(code, 16)) : (ESCAPES[letter] ?? whole);
  });
}
