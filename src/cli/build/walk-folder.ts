import { lstatSync, readdirSync, readlinkSync, type Stats } from "node:fs";
import { FILE_KIND, kindOfMode, ListingWriter, type ListedEntry } from "../../spec/mod.ts";
import { Failure } from "../failure.ts";

/** What of a folder a build does not take. */
export interface IgnoreRules {
  /** @param path relative, with slashes */
  ignores(path: string): boolean;
  /** Something in this folder may be taken although the folder is ignored. */
  mayHold(path: string): boolean;
}

export interface WalkedFolder {
  readonly listing: Uint8Array;
  /** The path of each entry, by its number; "" of what has no content. */
  readonly files: readonly { readonly path: string; readonly size: number }[];
}

const SENT: ReadonlySet<number> = new Set([FILE_KIND.file, FILE_KIND.folder, FILE_KIND.link, FILE_KIND.fifo]);
const INVALID_NAME = "\ufffd";

/** Lists a folder. @throws Failure for what cannot be read */
export function walkFolder(root: string, rules: IgnoreRules | undefined): WalkedFolder {
  const writer = new ListingWriter();
  const files: { path: string; size: number }[] = [];
  walkEntries(root, rules, (entry) => {
    writer.add(entry);
    files.push({ path: entry.path, size: entry.size });
  });
  return { listing: writer.finish(), files };
}

/** Tells of each entry of a folder, a folder before what it holds; sockets and devices are left out. @throws Failure for what cannot be read */
export function walkEntries(root: string, rules: IgnoreRules | undefined, add: (entry: ListedEntry) => void): void {
  /** `waiting`: ignored folders around it, which are listed once something in them is. */
  const walk = (folder: string, waiting: ListedEntry[]): void => {
    for (const name of namesIn(root, folder)) {
      const path = folder === "" ? name : `${folder}/${name}`;
      const ignored = rules?.ignores(path) ?? false;
      if (ignored && !rules?.mayHold(path)) continue;
      const stat = look(root, path);
      if (!stat || !SENT.has(kindOfMode(stat.mode))) continue;
      const isFolder = kindOfMode(stat.mode) === FILE_KIND.folder;
      const entry = entryOf(root, path, stat);
      if (ignored && !isFolder) continue;
      if (ignored) {
        walk(path, [...waiting, entry]);
        continue;
      }
      for (const outer of waiting.splice(0)) add(outer);
      add(entry);
      if (isFolder) walk(path, []);
    }
  };
  walk("", []);
}

/** In the order of the list: by UTF-16 units. */
function namesIn(root: string, folder: string): string[] {
  try {
    return readdirSync(folder === "" ? root : `${root}/${folder}`).sort();
  } catch (error) {
    if (folder !== "" && code(error) === "ENOENT") return [];
    throw new Failure(`error from sender: open ${folder === "" ? root : `${root}/${folder}`}: ${reason(error)}`);
  }
}

/** Undefined when it went in the meantime. */
function look(root: string, path: string): Stats | undefined {
  try {
    return lstatSync(`${root}/${path}`);
  } catch (error) {
    if (code(error) === "ENOENT" && path.includes(INVALID_NAME)) throw new Failure(`a name in the build context is not valid UTF-8: ${JSON.stringify(path)}: rename it, or list it in .dockerignore`);
    if (code(error) === "ENOENT") return undefined;
    throw new Failure(`error from sender: lstat ${root}/${path}: ${reason(error)}`);
  }
}

function entryOf(root: string, path: string, stat: Stats): ListedEntry {
  const mtimeSeconds = Math.floor(stat.mtimeMs / 1000);
  const mtimeNanoseconds = Math.min(999_999_999, Math.max(0, Math.round((stat.mtimeMs - mtimeSeconds * 1000) * 1e6)));
  const kind = kindOfMode(stat.mode);
  return { path, mode: stat.mode, size: kind === FILE_KIND.file ? stat.size : 0, mtimeSeconds, mtimeNanoseconds, linkTarget: kind === FILE_KIND.link ? readlinkSync(`${root}/${path}`) : undefined };
}

const code = (error: unknown): string => (error instanceof Error && "code" in error ? String(error.code) : "");
const REASONS: Readonly<Record<string, string>> = { EACCES: "permission denied", EISDIR: "is a directory", ENOENT: "no such file or directory", EPERM: "operation not permitted", EIO: "input/output error" };
/** The system's words, as docker has them. */
export const reason = (error: unknown): string => REASONS[code(error)] ?? (error instanceof Error ? error.message : String(error));
