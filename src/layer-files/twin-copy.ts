import { AT, closeFd, copyFile, fchmod, fchmodat, fchownat, fgetxattr, flistxattr, fsetxattr, hasCode, linkat, mkdirat, mknodat, O, openat2, readDirectory, readlinkat, RESOLVE, S, symlinkat, utimensat, type DirectoryEntry, type Stat } from "../linux/mod.ts";
import { isFolder, joined, kindOf, nameBytes, nameText, openFolderAt, statOf } from "./merged-folder.ts";

/** Copies a layer's folder as it is, its marks of overlay included; files are linked where they can be. */
export class TwinCopy {
  readonly #names = new Map<bigint, string>();
  #shared = false;

  constructor(
    readonly rootFd: number,
    readonly check: () => void,
  ) {}

  /** Both folders are open. @returns whether files are shared */
  run(source: number, target: number, path = ""): boolean {
    this.check();
    for (const { name: bytes } of listed(source)) {
      const name = nameText(bytes);
      const stat = statOf(source, name);
      if (stat) this.#entry(source, target, joined(path, name), name, stat);
    }
    this.#describeFolder(source, target);
    return this.#shared;
  }

  #entry(source: number, target: number, path: string, name: string, stat: Stat): void {
    if (isFolder(stat)) {
      mkdirat(target, nameBytes(name), 0o700);
      const [from, to] = [openFolderAt(source, name), openFolderAt(target, name)];
      if (from !== undefined && to !== undefined) this.run(from, to, path);
      for (const fd of [from, to]) if (fd !== undefined) closeFd(fd);
      return;
    }
    if (kindOf(stat) === S.IFREG) return this.#file(source, target, path, name, stat);
    if (kindOf(stat) === S.IFLNK) symlinkat(readlinkat(source, nameBytes(name)), target, nameBytes(name));
    else mknodat(target, nameBytes(name), stat.mode, stat.rdevMajor, stat.rdevMinor);
    fchownat(target, nameBytes(name), stat.uid, stat.gid, AT.SYMLINK_NOFOLLOW);
    if (kindOf(stat) !== S.IFLNK) fchmodat(target, nameBytes(name), stat.mode & 0o7777);
    utimensat(target, nameBytes(name), stat.mtimeNs, stat.mtimeNs);
  }

  #file(source: number, target: number, path: string, name: string, stat: Stat): void {
    try {
      linkat(source, nameBytes(name), target, nameBytes(name));
      this.#shared = true;
      return;
    } catch (error) {
      if (!hasCode(error, "EXDEV", "EMLINK", "EPERM", "EOPNOTSUPP")) throw error;
    }
    const first = this.#names.get(stat.ino);
    if (first !== undefined) return linkat(this.rootFd, nameBytes(first), target, nameBytes(name));
    this.#names.set(stat.ino, path);
    const from = openat2(source, nameBytes(name), { flags: O.RDONLY | O.NOFOLLOW, resolve: RESOLVE.BENEATH });
    const to = openat2(target, nameBytes(name), { flags: O.WRONLY | O.CREAT | O.EXCL, mode: 0o600, resolve: RESOLVE.BENEATH });
    copyFile(from, to, stat.size);
    fchownat(to, "", stat.uid, stat.gid, AT.EMPTY_PATH);
    fchmod(to, stat.mode & 0o7777);
    allXattrs(from, to);
    utimensat(to, "", stat.mtimeNs, stat.mtimeNs, AT.EMPTY_PATH);
    closeFd(from);
    closeFd(to);
  }

  #describeFolder(source: number, target: number): void {
    const stat = statOf(source, ".");
    if (!stat) return;
    fchownat(target, "", stat.uid, stat.gid, AT.EMPTY_PATH);
    fchmod(target, stat.mode & 0o7777);
    allXattrs(source, target);
    utimensat(target, "", stat.mtimeNs, stat.mtimeNs, AT.EMPTY_PATH);
  }
}

function listed(folder: number): DirectoryEntry[] {
  const fd = openat2(folder, ".", { flags: O.RDONLY | O.DIRECTORY });
  try {
    return readDirectory(fd);
  } finally {
    closeFd(fd);
  }
}

/** Where a folder came from is of no use to its twin. */
function allXattrs(from: number, to: number): void {
  for (const name of flistxattr(from)) {
    if (name.startsWith("trusted.overlay.") && name !== "trusted.overlay.opaque") continue;
    const value = fgetxattr(from, name);
    if (value) fsetxattr(to, name, value);
  }
}
