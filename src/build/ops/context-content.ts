import { EngineError } from "../../base/mod.ts";
import { clean, componentExpression, contentLine, digestOfLines, excluderOf, hasWildcards, type CopyAction } from "../../layer-files/mod.ts";

/** Entries looked at in one turn of the event loop. */
const SLICE = 2000;

/**
 * The digest of what a copy takes of a context whose entries' digests are known, the same as a worker's that reads the files. Undefined when
 * that takes a look at the files: patterns and links. @throws EngineError NotFound
 */
export async function contextContent(digests: ReadonlyMap<string, string>, action: CopyAction, signal: AbortSignal): Promise<string | undefined> {
  if (action.parents) return undefined;
  const lines: string[] = [];
  for (const { path, source, wild } of action.sources.flatMap((each) => pathsOf(digests, each, action.wildcards && hasWildcards(each)))) {
    if (linkOnTheWay(digests, path)) return undefined;
    const own = path === "" ? (digests.get("") ?? "d755") : digests.get(path);
    if (own === undefined) {
      if (action.required && !wild) throw new EngineError("NotFound", `${JSON.stringify(`/${source.replace(/^\/+/, "")}`.slice(0, 1024))}: not found`);
    } else await addSource(digests, { path, own }, action, lines, signal);
  }
  return digestOfLines(lines);
}

interface Path {
  readonly path: string;
  readonly source: string;
  readonly wild: boolean;
}

function pathsOf(digests: ReadonlyMap<string, string>, source: string, wild: boolean): Path[] {
  if (!wild) return [{ path: clean(source), source, wild }];
  const expressions = source.split("/").filter((part) => part !== "" && part !== ".").map((part) => componentExpression(Buffer.from(part, "utf8").toString("latin1")));
  const matches = (path: string): boolean => {
    const parts = path.split("/");
    return parts.length === expressions.length && parts.every((part, index) => expressions[index]?.test(part));
  };
  return [...digests.keys()].filter(matches).sort().map((path) => ({ path, source, wild }));
}

async function addSource(digests: ReadonlyMap<string, string>, { path, own }: { readonly path: string; readonly own: string }, action: CopyAction, lines: string[], signal: AbortSignal): Promise<void> {
  const excludes = excluderOf(action.exclude);
  const base = path.slice(path.lastIndexOf("/") + 1);
  const folder = own.startsWith("d");
  if (!folder && excludes?.(base, false) === "yes") return;
  const name = folder && action.contentsOnly ? "" : base;
  lines.push(contentLine(name, own));
  if (!folder) return;
  const prefix = path === "" ? "" : `${path}/`;
  let count = 0;
  for (const [entry, digest] of digests) {
    if (++count % SLICE === 0) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      signal.throwIfAborted();
    }
    if (!entry.startsWith(prefix) || entry === path || entry === "") continue;
    const relative = entry.slice(prefix.length);
    if (excludes && verdict(excludes, relative) !== "no") continue;
    lines.push(contentLine(name === "" ? relative : `${name}/${relative}`, digest));
  }
}

/** What lies in an excluded folder is out with it. */
function verdict(excludes: NonNullable<ReturnType<typeof excluderOf>>, path: string): "no" | "yes" | "butLookInside" {
  return excludes(Buffer.from(path, "utf8").toString("latin1"), false);
}

function linkOnTheWay(digests: ReadonlyMap<string, string>, path: string): boolean {
  const parts = path.split("/");
  return parts.some((_, index) => digests.get(parts.slice(0, index + 1).join("/"))?.startsWith("l") === true);
}
