/** Variables in texts: `$NAME`, `${NAME}`, and `${NAME<operator>text}` with the operators `:-` `-` `:+` `+` `:?` `?`; `$$` is one dollar. */

export type Operator = ":-" | "-" | ":+" | "+" | ":?" | "?";

export type Part =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "variable"; readonly name: string; readonly operator?: Operator; readonly operand?: string };

export interface Lookup {
  /** A variable's value; nothing when it is not set. */
  get(name: string): string | undefined;
  /** A variable without a default is not set: it becomes an empty text. */
  unset?(name: string): void;
}

/** The text has a `${` that no variable follows, or that does not end. */
export class TemplateError extends Error {
  constructor(readonly template: string) {
    super(`Invalid template: ${JSON.stringify(template)}`);
  }
}

/** `${NAME:?why}` without a value. */
export class MissingVariableError extends Error {
  constructor(
    readonly variable: string,
    readonly reason: string,
  ) {
    super(`required variable ${variable} is missing a value${reason === "" ? "" : `: ${reason}`}`);
  }
}

const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const OPERATOR = /:[-+?]|[-+?]/y;
const MAX_NESTING = 50;

/** @throws TemplateError */
export function parseTemplate(template: string): Part[] {
  const parts: Part[] = [];
  let text = "";
  let at = 0;
  const flush = (): void => {
    if (text !== "") parts.push({ kind: "text", text });
    text = "";
  };
  while (at < template.length) {
    const dollar = template.indexOf("$", at);
    if (dollar < 0) break;
    text += template.slice(at, dollar);
    const next = template[dollar + 1];
    const name = next === "{" ? undefined : match(NAME, template, dollar + 1);
    if (next === "$") {
      text += "$";
      at = dollar + 2;
    } else if (next === "{") {
      flush();
      const end = closingBrace(template, dollar + 1);
      parts.push(parseBraced(template, dollar + 2, end));
      at = end + 1;
    } else if (name !== undefined) {
      flush();
      parts.push({ kind: "variable", name });
      at = dollar + 1 + name.length;
    } else {
      text += "$";
      at = dollar + 1;
    }
  }
  text += template.slice(at);
  flush();
  return parts;
}

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

function closingBrace(template: string, open: number): number {
  let depth = 0;
  for (let at = open; at < template.length; at++) {
    if (template[at] === "{") depth++;
    else if (template[at] === "}" && --depth === 0) return at;
  }
  throw new TemplateError(template);
}

function parseBraced(template: string, start: number, end: number): Part {
  const name = match(NAME, template, start);
  if (name === undefined) throw new TemplateError(template);
  const after = start + name.length;
  if (after === end) return { kind: "variable", name };
  const operator = match(OPERATOR, template, after) as Operator | undefined;
  if (operator === undefined) throw new TemplateError(template);
  return { kind: "variable", name, operator, operand: template.slice(after + operator.length, end) };
}

/** The text with its variables replaced. @throws TemplateError, MissingVariableError */
export function substitute(template: string, lookup: Lookup, nesting = 0): string {
  if (!template.includes("$")) return template;
  if (nesting > MAX_NESTING) throw new TemplateError(template);
  return parseTemplate(template)
    .map((part) => (part.kind === "text" ? part.text : valueOf(part, lookup, nesting)))
    .join("");
}

function valueOf({ name, operator, operand = "" }: Extract<Part, { kind: "variable" }>, lookup: Lookup, nesting: number): string {
  const value = lookup.get(name);
  if (operator === undefined) {
    if (value === undefined) lookup.unset?.(name);
    return value ?? "";
  }
  // What is not needed is read all the same, as docker-compose does: a mistake in it must not wait for the day it is needed.
  const other = substitute(operand, lookup, nesting + 1);
  const isThere = value !== undefined && (value !== "" || !operator.startsWith(":"));
  switch (operator) {
    case ":-":
    case "-":
      return isThere ? value : other;
    case ":+":
    case "+":
      return isThere ? other : (value ?? "");
    case ":?":
    case "?":
      if (!isThere) throw new MissingVariableError(name, other);
      return value;
    default:
      return operator satisfies never;
  }
}
