import { EngineError } from "../base/mod.ts";
import {
  AT, cloneFile, closeFd, fchmod, fchmodat, fchownat, fgetxattr, flistxattr, fsetxattr, fstat, linkat, mkdirat, mknodat, O, openat2, openOwnDescriptors, readDirectory, readlinkat, RESOLVE, S, symlinkat, utimensat, type Stat,
} from "../linux/mod.ts";

const MAX_DEPTH = 2048;

/**
 * Copies a tree into an empty folder of the same file system, files sharing their blocks: it takes a moment, whatever they hold. Every name is
 * looked up once, as in TreePacker; so it must be made before a chroot. @throws SyscallError EOPNOTSUPP where nothing can be shared
 */
export class TreeSnapshot implements Disposable {
  readonly #descriptors = openOwnDescriptors();
  /** Where a file with several names was put first, below the target. */
  readonly #links = new Map<string, Uint8Array>();
  readonly #target: number;

  constructor(target: number) {
    this.#target = target;
  }

  [Symbol.dispose](): void {
    closeFd(this.#descriptors);
  }

  /** The content of a folder, and what the folder is like. */
  take(source: number): void {
    this.#children(source, this.#target, new Uint8Array(), 0);
    this.#like(source, this.#target);
  }

  #children(from: number, to: number, path: Uint8Array, depth: number): void {
    if (depth >= MAX_DEPTH) throw new EngineError("InvalidParameter", "the folders are nested too deep");
    for (const { name } of readDirectory(from)) {
      const fd = openat2(from, name, { flags: O.PATH | O.NOFOLLOW, resolve: RESOLVE.BENEATH });
      try {
        this.#node(fd, to, name, path.length === 0 ? name : Buffer.concat([path, SLASH, name]), depth);
      } finally {
        closeFd(fd);
      }
    }
  }

  #node(pathFd: number, to: number, name: Uint8Array, path: Uint8Array, depth: number): void {
    const stat = fstat(pathFd);
    switch (stat.mode & S.IFMT) {
      case S.IFDIR:
        return this.#folder(pathFd, to, name, path, depth);
      case S.IFREG:
        return this.#file(pathFd, stat, to, name, path);
      case S.IFLNK:
        symlinkat(readlinkat(pathFd, ""), to, name);
        break;
      case S.IFSOCK:
        // Nothing without the process behind it.
        return;
      default:
        mknodat(to, name, stat.mode, stat.rdevMajor, stat.rdevMinor);
        fchmodat(to, name, stat.mode & 0o7777);
    }
    fchownat(to, name, stat.uid, stat.gid);
    utimensat(to, name, stat.atimeNs, stat.mtimeNs);
  }

  #folder(pathFd: number, to: number, name: Uint8Array, path: Uint8Array, depth: number): void {
    mkdirat(to, name, 0o700);
    const [source, target] = [openat2(pathFd, ".", { flags: FOLDER }), openat2(to, name, { flags: FOLDER | O.NOFOLLOW })];
    try {
      this.#children(source, target, path, depth + 1);
      this.#like(source, target);
    } finally {
      closeFd(source);
      closeFd(target);
    }
  }

  #file(pathFd: number, stat: Stat, to: number, name: Uint8Array, path: Uint8Array): void {
    const key = `${stat.dev}:${stat.ino}`;
    const seen = stat.nlink > 1 ? this.#links.get(key) : undefined;
    if (seen) return linkat(this.#target, seen, to, name);
    const source = openat2(this.#descriptors, String(pathFd), { flags: O.RDONLY | O.NOCTTY | O.NONBLOCK });
    const target = openat2(to, name, { flags: O.WRONLY | O.CREAT | O.EXCL | O.NOFOLLOW, mode: 0o600 });
    try {
      cloneFile(source, target);
      this.#like(source, target);
    } finally {
      closeFd(source);
      closeFd(target);
    }
    if (stat.nlink > 1) this.#links.set(key, path);
  }

  #like(source: number, target: number): void {
    const { uid, gid, mode, atimeNs, mtimeNs } = fstat(source);
    fchownat(target, "", uid, gid, AT.EMPTY_PATH);
    fchmod(target, mode & 0o7777);
    for (const name of flistxattr(source).filter((each) => KEPT.test(each))) {
      const value = fgetxattr(source, name);
      if (value) fsetxattr(target, name, value);
    }
    utimensat(target, "", atimeNs, mtimeNs, AT.EMPTY_PATH);
  }
}

const SLASH = Buffer.from("/");
const FOLDER = O.RDONLY | O.DIRECTORY;
const KEPT = /^(?:user\.|system\.posix_acl_|security\.capability$)/;
