/** Go's notions of space, quoting and trimming, which Docker's messages and splitting rest on. */

const SPACE = "\\t\\n\\v\\f\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const IS_SPACE = new RegExp(`^[${SPACE}]$`);

/** unicode.IsSpace; false for undefined and for more than one character. */
export function isSpace(character: string | undefined): boolean {
  if (character === undefined) return false;
  const code = character.charCodeAt(0);
  if (code < 0x80) return code === 0x20 || (code >= 0x09 && code <= 0x0d);
  return IS_SPACE.test(character);
}

export function trimLeft(text: string): string {
  let start = 0;
  while (start < text.length && isSpace(text[start])) start++;
  return text.slice(start);
}

export function trim(text: string): string {
  let end = text.length;
  while (end > 0 && isSpace(text[end - 1])) end--;
  return trimLeft(text.slice(0, end));
}

/** Blanks as they divide arguments: no line ends, no Unicode spaces. */
const isBlank = (character: string | undefined): boolean => character === " " || character === "\t" || character === "\v" || character === "\f" || character === "\r";

/** Two parts at the first run of blanks; one when there is none. */
export function splitOnce(text: string): [string] | [string, string] {
  let start = 0;
  while (start < text.length && !isBlank(text[start])) start++;
  if (start === text.length) return [text];
  let end = start;
  while (isBlank(text[end])) end++;
  return [text.slice(0, start), text.slice(end)];
}

/** All parts between runs of blanks. */
export function splitBlanks(text: string): string[] {
  return text.split(/[\t\v\f\r ]+/);
}

const NAMED: Readonly<Record<string, string>> = { "\x07": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v", "\\": "\\\\", '"': '\\"' };

/** Go's %q. */
export function quoted(text: string): string {
  const inner = text.replace(/["\\\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Zl}\p{Zp}]|[^\S ]/gu, (character) => {
    const named = NAMED[character];
    if (named !== undefined) return named;
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x80) return `\\x${code.toString(16).padStart(2, "0")}`;
    return code > 0xffff ? `\\U${code.toString(16).padStart(8, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
  });
  return `"${inner}"`;
}

/** `[a b]`, Go's %v of a list. */
export const listed = (items: readonly string[]): string => `[${items.join(" ")}]`;
