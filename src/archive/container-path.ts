import { EngineError } from "../base/mod.ts";
import { closeFd, fstat, hasCode, isKernelFileSystem, O, openat2, readlinkat, RESOLVE, S, SyscallError, type Stat } from "../linux/mod.ts";
import { nameBytes } from "./entry.ts";

/** Paths inside a container, one character per byte, as Docker's archive endpoints read them. The process is chrooted: "/" is the container's. */

/** What HEAD …/archive tells of a path (Docker Engine API, ContainerPathStat). */
export interface PathStat {
  readonly name: string;
  readonly size: number;
  /** Go's os.FileMode. */
  readonly mode: number;
  readonly mtimeNs: string;
  readonly linkTarget: string;
}

/** Opened as it stands, with its last link followed only where a slash or a dot asks for it. */
export interface FoundPath {
  /** O_PATH. */
  readonly fd: number;
  readonly stat: Stat;
  readonly path: string;
}

/** @throws EngineError NotFound with no words: only the engine knows how the container was called */
export function findPath(asked: string): FoundPath {
  const path = absolutePath(asked);
  let fd: number;
  try {
    fd = openat2(AT_ROOT, nameBytes(path), { flags: O.PATH | O.NOFOLLOW, resolve: RESOLVE.NO_MAGICLINKS });
  } catch (error) {
    throw explained(error, "lstat", path);
  }
  if (isKernelFileSystem(fd)) {
    closeFd(fd);
    throw missing();
  }
  return { fd, stat: fstat(fd), path };
}

const AT_ROOT = -100;
const missing = (): EngineError => new EngineError("NotFound", "");

function explained(error: unknown, call: string, path: string): unknown {
  if (!(error instanceof SyscallError)) return error;
  if (hasCode(error, "ENOENT")) return missing();
  const [, reason = error.message] = /: (.*)$/.exec(error.message) ?? [];
  return new EngineError("InvalidParameter", `${call} ${shown(path)}: ${reason}`);
}

const shown = (path: string): string => Buffer.from(path, "latin1").toString("utf8");

/** Cleaned and absolute; a slash or a dot at its end stays, for it asks for a folder (moby archive.PreserveTrailingDotOrSeparator). */
export function absolutePath(path: string): string {
  return keepEnding(cleaned(path), path);
}

function cleaned(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

function keepEnding(path: string, original: string): string {
  const dotted = baseName(original) === "." ? `${path}${path.endsWith("/") ? "" : "/"}.` : path;
  return !dotted.endsWith("/") && original.endsWith("/") ? `${dotted}/` : dotted;
}

/** Go's filepath.Base. */
export function baseName(path: string): string {
  if (path === "") return ".";
  const trimmed = path.replace(/\/+$/, "");
  return trimmed === "" ? "/" : trimmed.slice(trimmed.lastIndexOf("/") + 1);
}

export function statOf({ stat, path }: FoundPath): PathStat {
  const isLink = (stat.mode & S.IFMT) === S.IFLNK;
  return { name: shown(baseName(path)), size: stat.size, mode: goFileMode(stat.mode), mtimeNs: String(stat.mtimeNs), linkTarget: isLink ? shown(evaluated(path)) : "" };
}

const TYPE_BITS: Readonly<Record<number, number>> = { [S.IFDIR]: 2 ** 31, [S.IFLNK]: 2 ** 27, [S.IFBLK]: 2 ** 26, [S.IFIFO]: 2 ** 25, [S.IFSOCK]: 2 ** 24, [S.IFCHR]: 2 ** 26 + 2 ** 21 };

function goFileMode(mode: number): number {
  const special = (mode & S.ISUID ? 2 ** 23 : 0) + (mode & S.ISGID ? 2 ** 22 : 0) + (mode & S.ISVTX ? 2 ** 20 : 0);
  return (mode & 0o777) + special + (TYPE_BITS[mode & S.IFMT] ?? 0);
}

const MAX_LINKS = 255;

/** The path with every link followed, as far as it exists (moby symlink.FollowSymlinkInScope). @throws EngineError InvalidParameter */
export function evaluated(path: string): string {
  const rest = path.split("/").reverse();
  let done: string[] = [];
  for (let links = 0; rest.length > 0; ) {
    const part = rest.pop() as string;
    if (part === "" || part === ".") continue;
    if (part === "..") {
      done.pop();
      continue;
    }
    const target = linkText([...done, part].join("/"));
    if (target === undefined) {
      done.push(part);
      continue;
    }
    if (++links > MAX_LINKS) throw new EngineError("InvalidParameter", `evalSymlinksInScope: too many links in ${shown(path)}`);
    if (target.startsWith("/")) done = [];
    rest.push(...target.split("/").reverse());
  }
  return `/${done.join("/")}`;
}

/** Undefined for what is no link, and for what is missing. */
function linkText(path: string): string | undefined {
  let fd: number;
  try {
    fd = openat2(AT_ROOT, nameBytes(`/${path}`), { flags: O.PATH | O.NOFOLLOW, resolve: RESOLVE.NO_MAGICLINKS });
  } catch (error) {
    if (error instanceof SyscallError) return undefined;
    throw error;
  }
  try {
    return (fstat(fd).mode & S.IFMT) === S.IFLNK ? Buffer.from(readlinkat(fd, "")).toString("latin1") : undefined;
  } finally {
    closeFd(fd);
  }
}

/** A folder to write into, links followed; `path` is where it really is. @throws EngineError NotFound with no words, InvalidParameter */
export function findFolder(asked: string): { readonly fd: number; readonly path: string } {
  const wanted = cleaned(asked);
  let fd: number;
  try {
    fd = openat2(AT_ROOT, nameBytes(wanted), { flags: O.PATH, resolve: RESOLVE.NO_MAGICLINKS });
  } catch (error) {
    throw explained(error, "lstat", wanted);
  }
  try {
    if (isKernelFileSystem(fd)) throw missing();
    if ((fstat(fd).mode & S.IFMT) !== S.IFDIR) throw new EngineError("InvalidParameter", "extraction point is not a directory");
    return { fd: openat2(fd, ".", { flags: O.RDONLY | O.DIRECTORY }), path: evaluated(wanted) };
  } finally {
    closeFd(fd);
  }
}
