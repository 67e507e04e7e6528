import type { Directives } from "./dockerfile.ts";
import { DockerfileError } from "./errors.ts";
import type { Source } from "./source.ts";
import { trimLeft } from "./text.ts";

export interface Directive {
  readonly name: "syntax" | "escape" | "check";
  readonly value: string;
  /** Index of its line. */
  readonly index: number;
}

/** What a comment says to the parser; undefined for any other comment. */
export function directiveOf(comment: string): { name: Directive["name"]; value: string } | undefined {
  const [, name = "", value = ""] = /^([a-zA-Z][a-zA-Z0-9]*)[\t\n\f\r ]*=[\t\n\f\r ]*(\S(?:.*\S)?)\s*$/.exec(trimLeft(comment)) ?? [];
  const key = name.toLowerCase();
  return key === "syntax" || key === "escape" || key === "check" ? { name: key, value } : undefined;
}

/** The directives at the top of a file: they end at the first line that is none. Another frontend takes the place of the file's own. @throws DockerfileError when one comes twice or has no such value */
export function readDirectives(source: Source, otherSyntax?: string): { directives: Directives; found: readonly Directive[] } {
  const found = directivesAt(source, 0, "#");
  const behindShebang = source.lines[0]?.startsWith("#!") ? directivesAt(source, 1, "#") : found;
  const value = (name: Directive["name"]): string | undefined => behindShebang.find((directive) => directive.name === name)?.value;
  const escape = found.find(({ name }) => name === "escape");
  if (escape !== undefined && escape.value !== "\\" && escape.value !== "`") {
    throw refused(source, escape.index, `invalid escape token '${escape.value}' does not match \` or \\`);
  }
  const syntax = (otherSyntax || value("syntax"))?.split(" ")[0];
  if (syntax !== undefined && !isServed(syntax)) {
    const index = behindShebang.find(({ name }) => name === "syntax")?.index ?? 0;
    if (otherSyntax) throw new DockerfileError(unserved(syntax), source, []);
    throw refused(source, index, unserved(syntax));
  }
  const check = value("check")?.split(" ")[0];
  return { found, directives: { escape: escape?.value === "`" ? "`" : "\\", ...(syntax !== undefined && { syntax }), ...(check !== undefined && { check }) } };
}

const unserved = (syntax: string): string => `the frontend ${syntax} is not supported: this engine reads the language of docker/dockerfile:1 itself; name that one, or none`;

/** The frontend that a file asks for, also in the forms that other languages need: `// syntax=x` and `{"syntax": "x"}`. Undefined when it asks for none. */
export function detectSyntax(text: string): string | undefined {
  const lines = text.replace(/^\ufeff/, "").split("\n", 64);
  const source = { filename: "", lines };
  const start = lines[0]?.startsWith("#!") ? 1 : 0;
  for (const mark of ["#", "//"]) {
    const directive = quietly(() => directivesAt(source, start, mark))?.find(({ name }) => name === "syntax");
    if (directive !== undefined) return directive.value.split(" ")[0];
  }
  const value: unknown = quietly(() => JSON.parse(text) as unknown);
  const syntax = typeof value === "object" && value !== null ? (value as { syntax?: unknown }).syntax : undefined;
  return typeof syntax === "string" ? syntax : undefined;
}

/** docker/dockerfile of any version and registry, and its preview. */
function isServed(reference: string): boolean {
  return /(?:^|\/)docker\/dockerfile(?:-upstream)?(?:[:@]|$)/.test(reference);
}

function directivesAt(source: Source, start: number, mark: string): Directive[] {
  const found: Directive[] = [];
  for (let index = start; index < source.lines.length; index++) {
    const line = trimLeft(source.lines[index] ?? "");
    const directive = line.startsWith(mark) ? directiveOf(line.slice(mark.length)) : undefined;
    if (directive === undefined) break;
    if (found.some(({ name }) => name === directive.name)) throw refused(source, index, `only one ${directive.name} parser directive can be used`);
    found.push({ ...directive, index });
  }
  return found;
}

function refused(source: Source, index: number, message: string): DockerfileError {
  const position = { line: index + 1, column: 1 };
  return new DockerfileError(message, source, [{ start: position, end: { line: index + 1, column: (source.lines[index] ?? "").length + 1 } }]);
}

function quietly<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
