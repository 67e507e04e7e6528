import { lstatSync, readlinkSync, realpathSync, statSync, type Stats } from "node:fs";
import { posix, resolve } from "node:path";
import { Failure } from "../failure.ts";
import { base, clean, hasTrailingSlash, keepEnding, rebaseName, splitEntry, type CopySide } from "./paths.ts";

/** The local side of a copy, with errors in the words of Go's os package, as docker prints them. */

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: "no such file or directory", ENOTDIR: "not a directory", EACCES: "permission denied", ELOOP: "too many levels of symbolic links", ENAMETOOLONG: "file name too long", EPERM: "operation not permitted",
};

export function localFailure(call: string, path: string, error: unknown): Failure {
  const code = codeOf(error);
  return new Failure(`${call} ${path}: ${WORDS[code] ?? (error instanceof Error ? error.message : String(error))}`);
}

const codeOf = (error: unknown): string => (error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "");

export function localPath(path: string): string {
  return keepEnding(clean(resolve(path)), path);
}

/** Links in the way to the source are followed, its own last name only when asked. @throws Failure */
export function localSource(path: string, followLink: boolean): CopySide {
  const { path: found, rebaseName: name } = followLink ? rebaseName(path, realPath(path)) : besideLinks(path);
  const stat = lstat(found);
  return { path: found, exists: true, isFolder: stat.isDirectory(), rebaseName: name };
}

function besideLinks(path: string): { path: string; rebaseName: string | undefined } {
  const slash = path.lastIndexOf("/") + 1;
  const found = `${realPath(path.slice(0, slash))}/${path.slice(slash)}`.replace(/^\/\//, "/");
  return { path: found, rebaseName: hasTrailingSlash(path) && base(path) !== base(found) ? base(path) : undefined };
}

function lstat(path: string): Stats {
  try {
    return lstatSync(path);
  } catch (error) {
    throw localFailure("lstat", path, error);
  }
}

/** Go's filepath.EvalSymlinks, whose error names the part that is missing. */
function realPath(path: string): string {
  try {
    return realpathSync.native(path);
  } catch (error) {
    if (codeOf(error) === "ENOTDIR") throw new Failure("not a directory");
    throw localFailure("lstat", firstMissing(path), error);
  }
}

const MAX_EVALUATED_LINKS = 255;

function firstMissing(path: string): string {
  const rest = path.split("/").reverse();
  let known = "/";
  for (let links = 0; rest.length > 0; ) {
    const part = rest.pop() as string;
    const next = posix.join(known, part);
    const stat = part === "" ? undefined : lstatSync(next, { throwIfNoEntry: false });
    if (part !== "" && !stat) return next;
    if (!stat?.isSymbolicLink()) known = next;
    else if (++links > MAX_EVALUATED_LINKS) return next;
    else {
      const target = readlinkSync(next);
      if (target.startsWith("/")) known = "/";
      rest.push(...target.split("/").reverse());
    }
  }
  return path;
}

const MAX_LINKS = 10;

/** A target that is a link is what the link leads to, be it there or not; its folder must exist. @throws Failure */
export function localTarget(original: string): CopySide {
  let path = original;
  let stat = lstatOrMissing(path);
  for (let links = 0; stat?.isSymbolicLink(); links++) {
    if (links > MAX_LINKS) throw new Failure(`too many symlinks in ${JSON.stringify(original)}`);
    const target = readlinkSync(path);
    path = target.startsWith("/") ? target : posix.join(splitEntry(path).folder, target);
    stat = lstatOrMissing(path);
  }
  if (stat) return { path, exists: true, isFolder: stat.isDirectory() };
  const { folder } = splitEntry(path);
  let parent: Stats;
  try {
    parent = statSync(folder);
  } catch (error) {
    throw localFailure("stat", folder, error);
  }
  if (!parent.isDirectory()) throw new Failure("not a directory");
  return { path, exists: false, isFolder: false };
}

function lstatOrMissing(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw localFailure("lstat", path, error);
  }
}

/** @throws Failure when the copy could not be put there */
export function checkOutputPath(path: string): void {
  const folder = posix.dirname(clean(path));
  if (folder !== "." && statOrMissing(folder) === undefined) throw new Failure(`invalid output path: directory ${JSON.stringify(folder)} does not exist`);
  const stat = statOrMissing(path);
  if (stat && (stat.isCharacterDevice() || stat.isBlockDevice())) throw new Failure(`invalid output path: ${JSON.stringify(path)} must be a directory or a regular file: got a device`);
}

function statOrMissing(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw localFailure("stat", path, error);
  }
}
