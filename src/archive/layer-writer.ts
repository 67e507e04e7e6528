import {
  AT, closeFd, errnoMessage, fchmod, fchmodat, fchownat, fsetxattr, ftruncate, hasCode, linkat, mkdirat, mknodat, O, openat2, pwriteFd, RESOLVE, S, statx, symlinkat, SyscallError, utimensat, writeFd, type Path, type Stat,
} from "../linux/mod.ts";
import { EngineError } from "../base/mod.ts";
import { checkSymlink, climbsOut, copiedPath, entryPath, meaningOf, refused, type EntryPath } from "./entry-path.ts";
import { nameBytes, printableName, type SparseRun, type TarEntry } from "./entry.ts";
import { FolderCache } from "./folder-cache.ts";
import { DEFAULT_LIMITS, type TarLimits } from "./limits.ts";
import { removeAt } from "./remove-tree.ts";

/** `layer`: whiteouts become overlay's own marks. `rootfs`: names are taken as they are. */
export type LayerFormat = "layer" | "rootfs";

export type Owner = "archive" | "own" | { readonly uid: number; readonly gid: number };

/** A tree that is written into others' files, as `docker cp` does, rather than into an empty folder. */
export interface CopyRules {
  /** The folder's name, for messages. */
  readonly target: string;
  /** A folder is never replaced by something else, nor the other way round. */
  readonly keepKinds: boolean;
  /** `own`: of the process that writes. */
  readonly owner: Owner;
  /** Where links in the folder lead: to our own root (a helper that is chrooted), or into the folder. */
  readonly linksFrom: "root" | "target";
  /** What the archive says of its top is so of the folder too; else that stays as its owner has it. */
  readonly topToo?: boolean | undefined;
}

export interface WriterOptions {
  readonly format?: LayerFormat;
  readonly limits?: TarLimits;
  /** Of a tree of our own: a symlink's text is what it is. */
  readonly anyLink?: boolean;
  readonly copy?: CopyRules;
}

interface OpenFile {
  readonly fd: number;
  readonly entry: TarEntry;
  readonly where: EntryPath;
  readonly sparse: SparseCursor | undefined;
}

interface SparseCursor {
  readonly runs: readonly SparseRun[];
  index: number;
  within: number;
}

/**
 * Applies the members of an archive beneath an open folder. Every name is resolved by the kernel inside that folder,
 * so no link of the archive leads out of it; what a member replaces is removed first, as Docker does.
 *
 * Calls follow the reader's events: entry, data, end; `finish` at the end, `dispose` in any case.
 */
export class LayerWriter implements Disposable {
  readonly #folders: FolderCache;
  readonly #folderTimes = new Map<string, bigint>();
  #file: OpenFile | undefined;
  #size = 0;

  readonly format: LayerFormat;
  readonly limits: TarLimits;
  readonly #copy: CopyRules | undefined;
  readonly #anyLink: boolean;
  readonly #resolve: number;

  constructor(
    readonly rootFd: number,
    { format = "layer", limits = DEFAULT_LIMITS, anyLink = false, copy }: WriterOptions = {},
  ) {
    this.format = format;
    this.limits = limits;
    this.#copy = copy;
    this.#anyLink = anyLink || copy !== undefined;
    this.#resolve = copy?.linksFrom === "root" ? RESOLVE.NO_MAGICLINKS : RESOLVE.IN_ROOT | RESOLVE.NO_MAGICLINKS;
    this.#folders = new FolderCache(rootFd, this.#resolve);
  }

  /** Bytes of the files and links written, each hard-linked file once. */
  get size(): number {
    return this.#size;
  }

  entry(entry: TarEntry): void {
    const where = this.#copy ? copiedPath(entry.name, this.#copy.target, this.limits) : entryPath(entry.name, this.limits);
    const meaning = this.format === "layer" ? meaningOf(where) : { kind: "entry" as const };
    try {
      switch (meaning.kind) {
        case "entry":
          return this.#put(entry, where);
        case "whiteout":
          return this.#whiteout(where.parent, meaning.hidden, clampTime(entry.mtimeNs));
        case "opaque":
          return fsetxattr(this.#folders.at(where.parent), OPAQUE, YES);
        case "ignored":
          return;
        default:
          meaning satisfies never;
      }
    } catch (error) {
      throw this.#explain(error, entry, where);
    }
  }

  data(bytes: Uint8Array): void {
    const file = this.#file;
    if (!file) return;
    if (!file.sparse) return writeFd(file.fd, bytes);
    writeSparse(file.fd, file.sparse, bytes);
  }

  end(): void {
    const file = this.#file;
    if (!file) return;
    this.#file = undefined;
    try {
      this.#finishFile(file);
    } catch (error) {
      throw this.#explain(error, file.entry, file.where);
    } finally {
      closeFd(file.fd);
    }
  }

  /** Times of folders come last: writing into them changed theirs. */
  finish(): void {
    for (const [path, mtimeNs] of this.#folderTimes) {
      let fd: number;
      try {
        fd = openat2(this.rootFd, path === "" ? "." : nameBytes(path), { flags: O.RDONLY | O.DIRECTORY | O.NOFOLLOW, resolve: this.#resolve });
      } catch {
        // A later member replaced the folder.
        continue;
      }
      try {
        utimensat(fd, "", mtimeNs, mtimeNs, AT.EMPTY_PATH);
      } finally {
        closeFd(fd);
      }
    }
  }

  [Symbol.dispose](): void {
    if (this.#file) closeFd(this.#file.fd);
    this.#file = undefined;
    this.#folders[Symbol.dispose]();
  }

  #put(entry: TarEntry, where: EntryPath): void {
    if (where.path === "") {
      if (this.#copy && !this.#copy.topToo && entry.kind === "directory") return;
      if (entry.kind !== "directory") throw refused(entry.name, "only a folder can be the root");
      return this.#describeFolder(this.rootFd, entry, where);
    }
    const name = nameBytes(where.base);
    switch (entry.kind) {
      case "file":
        this.#file = { fd: this.#createFile(where, name), entry, where, sparse: entry.sparse && { runs: entry.sparse, index: 0, within: 0 } };
        this.#size += entry.size;
        return;
      case "directory":
        return this.#putFolder(entry, where, name);
      case "symlink":
        this.#checkLink(entry, where);
        this.#replacing(where, name, (parentFd) => symlinkat(nameBytes(entry.linkName), parentFd, name));
        this.#size += entry.linkName.length;
        return this.#describeName(entry, where, name);
      case "hardLink":
        return this.#putHardLink(entry, where, name);
      case "charDevice":
      case "blockDevice":
      case "fifo":
        return this.#putNode(entry, where, name);
      default:
        entry.kind satisfies never;
    }
  }

  #checkLink(entry: TarEntry, where: EntryPath): void {
    if (!this.#anyLink) return checkSymlink(entry, where.parent);
    // In a container a link's text is what it is; among the user's own files it must not lead out of the copy.
    if (this.#copy?.linksFrom === "target" && climbsOut(entry.linkName, where.parent)) throw new EngineError("InvalidParameter", `invalid symlink ${JSON.stringify(this.#placeOf(where))} -> ${JSON.stringify(printableName(entry.linkName))}`);
  }

  #createFile(where: EntryPath, name: Path): number {
    return this.#replacing(where, name, (parentFd) => openat2(parentFd, name, { flags: O.WRONLY | O.CREAT | O.EXCL | O.NOFOLLOW, mode: 0o600, resolve: RESOLVE.BENEATH }));
  }

  /** Runs what creates the name; what stands there already is removed and the creation made again. */
  #replacing<T>(where: EntryPath, name: Path, create: (parentFd: number) => T): T {
    try {
      return create(this.#folders.at(where.parent));
    } catch (error) {
      if (!hasCode(error, "EEXIST")) throw error;
    }
    if (this.#copy?.keepKinds && (statx(this.#folders.at(where.parent), name).mode & S.IFMT) === S.IFDIR) throw this.#kindConflict("directory", where, "non-directory");
    this.#removeOld(this.#folders.at(where.parent), name);
    return create(this.#folders.at(where.parent));
  }

  #kindConflict(old: string, where: EntryPath, kind: string): EngineError {
    // Docker's engine works inside of the folder, its command line does not.
    const place = this.#copy?.linksFrom === "root" ? printableName(where.path) : this.#placeOf(where);
    return new EngineError("InvalidParameter", `cannot overwrite ${old} ${JSON.stringify(place)} with ${kind} ${JSON.stringify(printableName(this.#copy?.target ?? ""))}`);
  }

  #placeOf({ path }: EntryPath): string {
    return printableName(`${(this.#copy?.target ?? "").replace(/\/+$/, "")}/${path}`);
  }

  /** What the kernel refused because of the archive's content, or of what stands in the target, is for the caller to mend. */
  #explain(error: unknown, entry: TarEntry, where: EntryPath): unknown {
    if (!(error instanceof SyscallError)) return error;
    // Docker names the entry alone where it cannot be removed.
    if (this.#copy && error.call === "RemoveAll") return new EngineError("InvalidParameter", error.message, { cause: error });
    if (this.#copy && !hasCode(error, ...MACHINE_ERRORS)) return new EngineError("InvalidParameter", `${error.call} ${this.#placeOf(where)}: ${errnoMessage(error.errno)}`, { cause: error });
    return hasCode(error, ...INPUT_ERRORS) ? refused(entry.name, error.message) : error;
  }

  #removeOld(parentFd: number, name: Path): void {
    const old = statx(parentFd, name).mode & S.IFMT;
    removeAt(parentFd, name);
    if (old === S.IFLNK || old === S.IFDIR) this.#folders.clear();
  }

  #putFolder(entry: TarEntry, where: EntryPath, name: Path): void {
    const parentFd = this.#folders.at(where.parent);
    let opaque = false;
    try {
      mkdirat(parentFd, name, 0o700);
    } catch (error) {
      if (!hasCode(error, "EEXIST")) throw error;
      const old = statx(parentFd, name);
      if ((old.mode & S.IFMT) !== S.IFDIR) {
        if (this.#copy?.keepKinds) throw this.#kindConflict("non-directory", where, "directory");
        opaque = this.format === "layer" && isWhiteout(old);
        this.#removeOld(parentFd, name);
        mkdirat(this.#folders.at(where.parent), name, 0o700);
      }
    }
    const fd = openat2(this.#folders.at(where.parent), name, { flags: O.RDONLY | O.DIRECTORY | O.NOFOLLOW, resolve: RESOLVE.BENEATH });
    try {
      if (opaque) fsetxattr(fd, OPAQUE, YES);
      this.#describeFolder(fd, entry, where);
    } finally {
      closeFd(fd);
    }
  }

  #describeFolder(fd: number, entry: TarEntry, where: EntryPath): void {
    this.#own(fd, "", entry, AT.EMPTY_PATH);
    fchmod(fd, entry.mode);
    setXattrs(fd, entry);
    this.#folderTimes.set(where.path, clampTime(entry.mtimeNs));
  }

  #putHardLink(entry: TarEntry, where: EntryPath, name: Path): void {
    const target = this.#copy ? copiedPath(entry.linkName, this.#copy.target, this.limits) : entryPath(entry.linkName, this.limits);
    if (target.path === "") throw refused(entry.name, "it links to the root");
    if (target.path === where.path) return;
    const targetParent = openat2(this.rootFd, target.parent === "" ? "." : nameBytes(target.parent), { flags: O.RDONLY | O.DIRECTORY, resolve: this.#resolve });
    try {
      // The target must exist before what stands at the name is given up for it.
      statx(targetParent, nameBytes(target.base));
      this.#replacing(where, name, (parentFd) => linkat(targetParent, nameBytes(target.base), parentFd, name));
    } finally {
      closeFd(targetParent);
    }
  }

  #putNode(entry: TarEntry, where: EntryPath, name: Path): void {
    const type = entry.kind === "fifo" ? S.IFIFO : entry.kind === "charDevice" ? S.IFCHR : S.IFBLK;
    if (this.format === "layer" && type === S.IFCHR && entry.devMajor === 0 && entry.devMinor === 0) throw refused(entry.name, "a character device 0:0 would be taken for a whiteout");
    this.#replacing(where, name, (parentFd) => mknodat(parentFd, name, type | 0o600, entry.devMajor, entry.devMinor));
    this.#describeName(entry, where, name);
  }

  /** Owner, mode and time of what has no descriptor: links and device nodes. */
  #describeName(entry: TarEntry, where: EntryPath, name: Path): void {
    const parentFd = this.#folders.at(where.parent);
    this.#own(parentFd, name, entry, AT.SYMLINK_NOFOLLOW);
    if (entry.kind !== "symlink") fchmodat(parentFd, name, entry.mode);
    utimensat(parentFd, name, clampTime(entry.mtimeNs), clampTime(entry.mtimeNs));
  }

  /** Hides a name of the layers below. What this layer itself put there stays: whiteouts are about lower layers only. */
  #whiteout(parent: string, hidden: string, mtimeNs: bigint): void {
    const parentFd = this.#folders.at(parent);
    const name = nameBytes(hidden);
    try {
      mknodat(parentFd, name, S.IFCHR, 0, 0);
      // The layer is packed from its folder again: the same bytes, marks included.
      utimensat(parentFd, name, mtimeNs, mtimeNs);
    } catch (error) {
      if (!hasCode(error, "EEXIST")) throw error;
      if ((statx(parentFd, name).mode & S.IFMT) !== S.IFDIR) return;
      const fd = openat2(parentFd, name, { flags: O.RDONLY | O.DIRECTORY | O.NOFOLLOW, resolve: RESOLVE.BENEATH });
      try {
        fsetxattr(fd, OPAQUE, YES);
      } finally {
        closeFd(fd);
      }
    }
  }

  #own(fd: number, name: Path, entry: TarEntry, flags: number): void {
    const owner = this.#copy?.owner ?? "archive";
    if (owner === "own") return;
    const { uid, gid } = owner === "archive" ? entry : owner;
    fchownat(fd, name, uid, gid, flags);
  }

  #finishFile({ fd, entry, sparse }: OpenFile): void {
    if (sparse) ftruncate(fd, entry.size);
    this.#own(fd, "", entry, AT.EMPTY_PATH);
    // After chown, which clears setuid bits and capabilities.
    fchmod(fd, entry.mode);
    setXattrs(fd, entry);
    utimensat(fd, "", clampTime(entry.mtimeNs), clampTime(entry.mtimeNs), AT.EMPTY_PATH);
  }
}

const OPAQUE = "trusted.overlay.opaque";
const YES = Buffer.from("y");

/** Instants that every file system can hold; others become the epoch, as in Docker. */
function clampTime(ns: bigint): bigint {
  return ns < 0n || ns > 0xffff_ffffn * 1_000_000_000n ? 0n : ns;
}

function isWhiteout(stat: Stat): boolean {
  return (stat.mode & S.IFMT) === S.IFCHR && stat.rdevMajor === 0 && stat.rdevMinor === 0;
}

/** Overlay's own marks would let a layer redirect names and borrow data of others; only whiteouts may make them. */
const RESERVED = /^(?:trusted|user)\.overlay\./;

function setXattrs(fd: number, entry: TarEntry): void {
  for (const [name, value] of entry.xattrs) {
    if (RESERVED.test(name)) continue;
    try {
      fsetxattr(fd, name, value);
    } catch (error) {
      // Docker warns and goes on: the file system, or a helper with few privileges, does not take this one.
      if (!hasCode(error, "EOPNOTSUPP", "EPERM")) throw error;
    }
  }
}

function writeSparse(fd: number, cursor: SparseCursor, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) {
    const run = cursor.runs[cursor.index];
    if (!run) return;
    const part = bytes.subarray(done, done + run.length - cursor.within);
    if (part.length > 0) pwriteFd(fd, part, run.offset + cursor.within);
    done += part.length;
    cursor.within += part.length;
    if (cursor.within < run.length) continue;
    cursor.index++;
    cursor.within = 0;
  }
}

const INPUT_ERRORS = ["ENOENT", "ENOTDIR", "EISDIR", "ELOOP", "ENAMETOOLONG", "EXDEV", "EINVAL", "EPERM", "EMLINK", "E2BIG", "ERANGE", "EFBIG", "ENOTEMPTY"];

const MACHINE_ERRORS = ["ENOSPC", "EDQUOT", "EIO", "ENOMEM", "EMFILE", "ENFILE"];
