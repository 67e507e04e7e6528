import type { Expression, TemplatePart } from "./ast.ts";
import type { Scanner } from "./scanner.ts";

export type ReadExpression = (scanner: Scanner) => Expression;

/** Where a template ends; what ends it is not taken. */
type IsEnd = (scanner: Scanner) => boolean;

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", '"': '"', "\\": "\\" };

/** The inside of a quoted string, from behind its first quote to behind its last. */
export function readQuoted(scanner: Scanner, expression: ReadExpression): TemplatePart[] {
  const start = scanner.at;
  const parts = readParts(scanner, expression, (at) => at.starts('"') || at.starts("\n"), true);
  if (!scanner.starts('"')) scanner.fail("a quoted string must end on its line", start);
  scanner.offset++;
  return parts;
}

/** Behind `<<` or `<<-`: the mark, the lines, the mark again. */
export function readHeredoc(scanner: Scanner, expression: ReadExpression): TemplatePart[] {
  const start = scanner.at;
  const flush = scanner.take("-");
  const mark = scanner.identifier() ?? scanner.fail("a heredoc needs a mark of its end");
  scanner.endOfLine("heredoc");
  scanner.offset++;
  const rest = scanner.text.slice(scanner.offset);
  const end = new RegExp(`^[ \\t]*${mark}[ \\t]*$`, "m").exec(rest);
  if (!end) scanner.fail(`the heredoc has no end: a line with ${mark} alone`, start);
  const stop = scanner.offset + end.index;
  const indent = flush ? commonIndent(rest.slice(0, end.index)) : 0;
  const parts = readParts(scanner, expression, (at) => at.offset >= stop, false);
  scanner.offset = stop + end[0].length;
  return indent > 0 ? unindented(parts, indent) : parts;
}

function commonIndent(text: string): number {
  const indents = text.split("\n").filter((line) => line.trim() !== "").map((line) => /^[ \t]*/.exec(line)?.[0].length ?? 0);
  return indents.length === 0 ? 0 : Math.min(...indents);
}

/** Takes away the blanks that begin each line; a line begins at the start and behind each end of one. */
function unindented(parts: readonly TemplatePart[], indent: number): TemplatePart[] {
  let lineStarts = true;
  return parts.map((part) => {
    if (part.kind !== "text") {
      lineStarts = false;
      return part;
    }
    const text = part.text.split("\n").map((line, index) => (index > 0 || lineStarts ? line.slice(Math.min(indent, /^[ \t]*/.exec(line)?.[0].length ?? 0)) : line)).join("\n");
    lineStarts = part.text.endsWith("\n");
    return { kind: "text", text };
  });
}

function readParts(scanner: Scanner, expression: ReadExpression, isEnd: IsEnd, escapes: boolean): TemplatePart[] {
  const parts: TemplatePart[] = [];
  let text = "";
  const flush = (): void => {
    if (scanner.starts("~", 2)) text = text.trimEnd();
    if (text !== "") parts.push({ kind: "text", text });
    text = "";
  };
  while (!scanner.ended && !isEnd(scanner)) {
    if (scanner.starts("$${") || scanner.starts("%%{")) {
      text += scanner.text.slice(scanner.offset + 1, scanner.offset + 3);
      scanner.offset += 3;
    } else if (scanner.starts("${")) {
      flush();
      parts.push({ kind: "value", value: readTag(scanner, isEnd, () => expression(scanner)) });
    } else if (scanner.starts("%{")) {
      flush();
      if (ENDS_PART.test(scanner.text.slice(scanner.offset, scanner.offset + 40))) return parts;
      parts.push(readDirective(scanner, expression, isEnd, escapes));
    } else if (escapes && scanner.starts("\\")) text += readEscape(scanner);
    else text += scanner.text[scanner.offset++];
  }
  if (text !== "") parts.push({ kind: "text", text });
  return parts;
}

const ENDS_PART = /^%\{~?\s*(?:else|endif|endfor)\b/;
const BLANK = /\s/;

/** `${ … }` or `%{ … }`; behind `~}` the blanks go. Those before `${~` have gone already. */
function readTag<T>(scanner: Scanner, isEnd: IsEnd, read: () => T): T {
  scanner.offset += scanner.starts("~", 2) ? 3 : 2;
  const { value, trims } = scanner.within(() => {
    const inside = read();
    const tilde = scanner.take("~");
    scanner.expect("}", "template");
    return { value: inside, trims: tilde };
  });
  if (trims) while (!scanner.ended && !isEnd(scanner) && BLANK.test(scanner.text[scanner.offset] ?? "")) scanner.offset++;
  return value;
}

function readDirective(scanner: Scanner, expression: ReadExpression, isEnd: IsEnd, escapes: boolean): TemplatePart {
  const start = scanner.at;
  const inner = (): TemplatePart[] => readParts(scanner, expression, isEnd, escapes);
  const closing = (): string | undefined => (scanner.starts("%{") ? readTag(scanner, isEnd, () => scanner.identifier()) : undefined);
  const head = readTag(scanner, isEnd, () => readHead(scanner, expression));
  if (head.kind === "for") {
    const body = inner();
    if (closing() !== "endfor") scanner.fail("%{ for } has no %{ endfor }", start);
    return { ...head, body };
  }
  const whenTrue = inner();
  const word = closing();
  const whenFalse = word === "else" ? inner() : [];
  if ((word === "else" ? closing() : word) !== "endif") scanner.fail("%{ if } has no %{ endif }", start);
  return { kind: "if", condition: head.condition, whenTrue, whenFalse };
}

type Head = { readonly kind: "if"; readonly condition: Expression } | { readonly kind: "for"; readonly keyName: string | undefined; readonly valueName: string; readonly over: Expression };

function readHead(scanner: Scanner, expression: ReadExpression): Head {
  if (scanner.takeWord("if")) return { kind: "if", condition: expression(scanner) };
  if (!scanner.takeWord("for")) scanner.fail("a directive is %{ if } or %{ for }");
  const first = scanner.identifier() ?? scanner.fail("for: a name is missing");
  const second = scanner.take(",") ? scanner.identifier() : undefined;
  if (!scanner.takeWord("in")) scanner.fail("for: expected `in`");
  return { kind: "for", keyName: second === undefined ? undefined : first, valueName: second ?? first, over: expression(scanner) };
}

function readEscape(scanner: Scanner): string {
  const letter = scanner.text[scanner.offset + 1] ?? "";
  const simple = ESCAPES[letter];
  if (simple !== undefined) {
    scanner.offset += 2;
    return simple;
  }
  const unicode = /^\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/.exec(scanner.text.slice(scanner.offset, scanner.offset + 10));
  const code = unicode && parseInt(unicode[1] ?? unicode[2] ?? "", 16);
  if (!unicode || code === null || code > 0x10ffff) scanner.fail(`there is no escape \\${letter}`);
  scanner.offset += unicode[0].length;
  return String.fromCodePoint(code);
}
