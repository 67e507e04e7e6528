import { posix } from "node:path";

/** Path rules of `docker cp` (moby go-archive, copy.go): a slash or a dot at the end of a path is a statement about it. */

/** What one side of a copy turned out to be. */
export interface CopySide {
  readonly path: string;
  readonly exists: boolean;
  readonly isFolder: boolean;
  /** The name it was asked for by, where following links has led to another. */
  readonly rebaseName?: string | undefined;
}

/** Go's filepath.Clean. */
export function clean(path: string): string {
  const normal = posix.normalize(path);
  return normal.length > 1 && normal.endsWith("/") ? normal.slice(0, -1) : normal;
}

/** Go's filepath.Base. */
export function base(path: string): string {
  if (path === "") return ".";
  const trimmed = path.replace(/\/+$/, "");
  return trimmed === "" ? "/" : trimmed.slice(trimmed.lastIndexOf("/") + 1);
}

export const hasTrailingSlash = (path: string): boolean => path.endsWith("/");
export const saysThisFolder = (path: string): boolean => base(path) === ".";
/** The path is one of a folder, or wrong. */
export const saysFolder = (path: string): boolean => hasTrailingSlash(path) || saysThisFolder(path);

/** The folder and the entry in it; `.` as the entry where the path ends so. */
export function splitEntry(path: string): { folder: string; entry: string } {
  const cleaned = clean(path);
  if (saysThisFolder(path)) return { folder: cleaned, entry: "." };
  return { folder: posix.dirname(cleaned), entry: base(cleaned) };
}

export function keepEnding(cleaned: string, original: string): string {
  let path = cleaned;
  if (!saysThisFolder(path) && saysThisFolder(original)) path += hasTrailingSlash(path) ? "." : "/.";
  if (!hasTrailingSlash(path) && hasTrailingSlash(original)) path += "/";
  return path;
}

/** After links were followed: the ending of what was written, and the name by which the copy is to be known. */
export function rebaseName(path: string, resolved: string): { path: string; rebaseName: string | undefined } {
  let result = resolved;
  if (saysThisFolder(path) && !saysThisFolder(result)) result += "/.";
  if (hasTrailingSlash(path) && !hasTrailingSlash(result)) result += "/";
  return { path: result, rebaseName: base(path) === base(result) ? undefined : base(path) };
}

/** `container:path`, or a path of this machine. */
export function splitArgument(argument: string): { container: string; path: string } {
  if (argument.startsWith("/")) return { container: "", path: argument };
  const colon = argument.indexOf(":");
  if (colon < 0 || argument.startsWith(".")) return { container: "", path: argument };
  return { container: argument.slice(0, colon), path: argument.slice(colon + 1) };
}

export class CopyRefused extends Error {}

/** Where the archive is unpacked, and the name its top has there; none: the names that it came with. */
export interface Placement {
  readonly folder: string;
  readonly rename?: { readonly from: string; readonly to: string };
}

/** @throws CopyRefused in Docker's words */
export function placeCopy(source: CopySide, target: CopySide): Placement {
  if (target.exists && target.isFolder) return { folder: target.path };
  if (target.exists && source.isFolder) throw new CopyRefused("cannot copy directory");
  if (!target.exists && !source.isFolder && saysFolder(target.path)) throw new CopyRefused("no such directory");
  const { folder, entry } = splitEntry(target.path);
  return { folder, rename: { from: source.rebaseName ?? splitEntry(source.path).entry, to: entry } };
}
