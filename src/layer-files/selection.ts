import { EngineError } from "../base/mod.ts";
import type { FileAction } from "./file-action.ts";
import { isFolder } from "./merged-folder.ts";
import type { MergedTree } from "./merged-tree.ts";
import { expandWildcards, hasWildcards } from "./wildcards.ts";
import type { Stat } from "../linux/mod.ts";

export type CopyAction = Extract<FileAction, { action: "copy" }>;

/** One source of a copy. Paths without slashes at either end, one character per byte. */
export interface Selected {
  /** Where it really is. */
  readonly path: string;
  /** What it is called at its new place; "" for the content of a folder. */
  readonly name: string;
  readonly stat: Stat;
}

/** What a copy takes of its input, in the order in which it is copied. @throws EngineError NotFound, when it must be there */
export function select(tree: MergedTree, action: CopyAction): Selected[] {
  return action.sources.flatMap((source) => {
    const wild = action.wildcards && hasWildcards(source);
    const paths = wild ? expandWildcards(tree, source) : [clean(source)];
    const found = paths.map((path) => selected(tree, path, source, action)).filter((each) => each !== undefined);
    // As in BuildKit: a pattern that nothing matches is nothing to copy.
    if (found.length === 0 && action.required && !wild) throw missing(source);
    return found;
  });
}

function selected(tree: MergedTree, path: string, source: string, { followLinks, contentsOnly, parents }: CopyAction): Selected | undefined {
  const resolved = tree.resolve(path, followLinks);
  if (!resolved.stat) return undefined;
  if (parents) return { path: resolved.path, name: belowPivot(path, source), stat: resolved.stat };
  const name = contentsOnly && isFolder(resolved.stat) ? "" : path.slice(path.lastIndexOf("/") + 1);
  return { path: resolved.path, name, stat: resolved.stat };
}

/** --parents: what is behind `/./` of the path, or all of it. */
function belowPivot(path: string, source: string): string {
  const pivot = source.indexOf("/./");
  if (pivot < 0) return path;
  const above = clean(source.slice(0, pivot)).split("/").filter((part) => part !== "").length;
  return path.split("/").slice(above).join("/");
}

export function clean(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts.join("/");
}

function missing(source: string): EngineError {
  const path = Buffer.from(`/${source.replace(/^\/+/, "")}`, "latin1").toString("utf8");
  return new EngineError("NotFound", `${JSON.stringify(path.slice(0, 1024))}: not found`);
}
