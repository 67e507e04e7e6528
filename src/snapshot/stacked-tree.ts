import { closeFd, fgetxattr, hasCode, O, openat2, readlinkat, readDirectory, readSmallFileAt, RESOLVE, S, statx, AT, unlinkat, type Stat } from "../linux/mod.ts";

/** Links followed on the way to one file, as the kernel's own limit. */
const MAX_LINKS = 40;
const MAX_COMPONENTS = 4096;

/** The folders of all layers that one merged folder consists of, top first, as open descriptors. */
type Merged = readonly number[];

interface Found {
  /** The topmost folder that has the name. */
  readonly parentFd: number;
  readonly name: Uint8Array;
  readonly stat: Stat;
  readonly folders: Merged;
}

/**
 * Reads files of stacked layer folders as overlay would show them, without mounting: upper names hide lower ones,
 * whiteouts and opaque folders hide what is below, links are followed inside the stack only.
 *
 * Each component is opened from its folder's descriptor without following links, so that a container which
 * changes its files meanwhile cannot lead the reader out.
 */
export class StackedTree {
  /** Folders of the layers, top first. */
  constructor(readonly folders: readonly string[]) {}

  /** Undefined when the path leads to no regular file of at most `maxBytes`. */
  readFile(path: string, maxBytes: number): Uint8Array | undefined {
    using walk = new Walk(this.folders);
    const found = walk.find(path);
    if (!found || (found.stat.mode & S.IFMT) !== S.IFREG) return undefined;
    return readSmallFileAt(found.parentFd, found.name, maxBytes, RESOLVE.BENEATH);
  }

  /** Of the topmost layer. Follows links; nothing happens where they lead to no regular file. */
  removeFile(path: string): void {
    using walk = new Walk(this.folders.slice(0, 1));
    const found = walk.find(path);
    if (found && (found.stat.mode & S.IFMT) === S.IFREG) unlinkat(found.parentFd, found.name);
  }

  /** Follows links. Undefined when no folder is there. */
  folder(path: string): { readonly mode: number; readonly uid: number; readonly gid: number; readonly isEmpty: boolean } | undefined {
    using walk = new Walk(this.folders);
    const found = walk.find(path);
    if (!found || (found.stat.mode & S.IFMT) !== S.IFDIR) return undefined;
    const { mode, uid, gid } = found.stat;
    return { mode: mode & 0o7777, uid, gid, isEmpty: found.folders.every((fd) => readDirectory(fd).every(({ name }) => isWhiteout(statx(fd, name)))) };
  }

  /** Follows links. Undefined when nothing is there. */
  stat(path: string): Stat | undefined {
    using walk = new Walk(this.folders);
    return walk.find(path)?.stat;
  }
}

class Walk implements Disposable {
  readonly #fds: number[] = [];
  readonly #root: Merged;

  constructor(folders: readonly string[]) {
    this.#root = folders.flatMap((folder) => this.#tryOpen(AT.FDCWD, Buffer.from(folder)) ?? []);
  }

  [Symbol.dispose](): void {
    for (const fd of this.#fds) closeFd(fd);
  }

  find(path: string): Found | undefined {
    const pending = componentsOf(Buffer.from(path).toString("latin1"));
    let trail: Merged[] = [];
    let links = 0;
    let found = this.#rootFound();
    for (let taken = 0; pending.length > 0; taken++) {
      if (taken > MAX_COMPONENTS) return undefined;
      const component = pending.shift() as string;
      if (component === "..") {
        trail.pop();
        found = this.#rootFound(trail.at(-1));
        continue;
      }
      const next = this.#lookup(trail.at(-1) ?? this.#root, Buffer.from(component, "latin1"));
      if (!next) return undefined;
      const type = next.stat.mode & S.IFMT;
      if (type === S.IFLNK) {
        if (++links > MAX_LINKS) return undefined;
        const target = Buffer.from(readlinkat(next.parentFd, next.name)).toString("latin1");
        if (target.startsWith("/")) trail = [];
        pending.unshift(...componentsOf(target));
        found = this.#rootFound(trail.at(-1));
        continue;
      }
      if (type === S.IFDIR) trail.push(next.folders);
      else if (pending.length > 0) return undefined;
      found = next;
    }
    return found;
  }

  /** A folder itself, as what was found. */
  #rootFound(folders: Merged = this.#root): Found | undefined {
    const [top] = folders;
    return top === undefined ? undefined : { parentFd: top, name: Buffer.from("."), stat: statx(top, "."), folders };
  }

  #lookup(merged: Merged, name: Uint8Array): Found | undefined {
    let top: Omit<Found, "folders"> | undefined;
    const folders: number[] = [];
    for (const parentFd of merged) {
      const stat = tryStat(parentFd, name);
      if (!stat) continue;
      const isFolder = (stat.mode & S.IFMT) === S.IFDIR;
      if (isWhiteout(stat)) break;
      if (!isFolder) return top ? { ...top, folders } : { parentFd, name, stat, folders: [] };
      const fd = this.#tryOpen(parentFd, name);
      if (fd === undefined) break;
      top ??= { parentFd, name, stat };
      folders.push(fd);
      if (isOpaque(fd)) break;
    }
    return top && { ...top, folders };
  }

  #tryOpen(parentFd: number, name: Uint8Array): number | undefined {
    try {
      const fd = openat2(parentFd, name, { flags: O.RDONLY | O.DIRECTORY | O.NOFOLLOW | O.NONBLOCK, resolve: parentFd === AT.FDCWD ? 0 : RESOLVE.BENEATH });
      this.#fds.push(fd);
      return fd;
    } catch (error) {
      if (hasCode(error, "ENOENT", "ENOTDIR", "ELOOP")) return undefined;
      throw error;
    }
  }
}

function componentsOf(path: string): string[] {
  return path.split("/").filter((part) => part !== "" && part !== ".");
}

function tryStat(fd: number, name: Uint8Array): Stat | undefined {
  try {
    return statx(fd, name);
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR", "ENAMETOOLONG")) return undefined;
    throw error;
  }
}

function isWhiteout(stat: Stat): boolean {
  return (stat.mode & S.IFMT) === S.IFCHR && stat.rdevMajor === 0 && stat.rdevMinor === 0;
}

function isOpaque(fd: number): boolean {
  const value = fgetxattr(fd, "trusted.overlay.opaque");
  return value !== undefined && value[0] === 0x79;
}
