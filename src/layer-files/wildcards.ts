import { EngineError } from "../base/mod.ts";
import { isFolder, joined } from "./merged-folder.ts";
import type { MergedTree } from "./merged-tree.ts";

export const hasWildcards = (path: string): boolean => /[*?[\\]/.test(path);

/** The paths that Go's filepath.Match accepts, sorted; links on the way are not followed. @throws EngineError InvalidParameter for a pattern that is none */
export function expandWildcards(tree: MergedTree, pattern: string): string[] {
  let found = [""];
  for (const part of pattern.split("/").filter((component) => component !== "" && component !== ".")) {
    found = found.flatMap((folder) => (hasWildcards(part) ? matching(tree, folder, part) : [joined(folder, part)].filter((path) => tree.entry(path) !== undefined)));
  }
  return found;
}

function matching(tree: MergedTree, folder: string, part: string): string[] {
  const stat = folder === "" ? tree.root.stat : tree.entry(folder)?.stat;
  if (!stat || !isFolder(stat)) return [];
  const expression = componentExpression(part);
  return (tree.folder(folder)?.entries() ?? []).filter(({ name }) => expression.test(shown(name))).map(({ name }) => joined(folder, name));
}

const shown = (name: string): string => Buffer.from(name, "latin1").toString("utf8");

/** One component of a pattern of filepath.Match, which is given one character per byte; the expression is for names as text. */
export function componentExpression(part: string): RegExp {
  const text = shown(part);
  let source = "";
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? "";
    if (char === "*") source += "[^/]*";
    else if (char === "?") source += "[^/]";
    else if (char === "[") {
      const end = classEnd(text, at);
      source += classSource(text.slice(at + 1, end), part);
      at = end;
    } else if (char === "\\") source += literal(text[++at] ?? malformed(part));
    else source += literal(char);
  }
  return new RegExp(`^${source}$`, "su");
}

function classEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === "]" && at > start + 1) return at;
  }
  return malformed(text);
}

function classSource(body: string, part: string): string {
  const negated = body.startsWith("^");
  const inside = negated ? body.slice(1) : body;
  if (inside === "") return malformed(part);
  return `[${negated ? "^" : ""}${inside.replace(/\\(.)/gsu, "$1").replace(/[\\\][^&~|!#$%*+,.:;<=>?@`(){}]/gu, (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`)}]`;
}

const literal = (char: string): string => `\\u{${char.codePointAt(0)?.toString(16)}}`;

function malformed(pattern: string): never {
  throw new EngineError("InvalidParameter", `syntax error in pattern ${JSON.stringify(pattern.slice(0, 128))}`);
}
