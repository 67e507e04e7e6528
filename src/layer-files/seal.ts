import { TreePacker } from "../archive/mod.ts";
import { AT, closeFd, fstat, getdents, O, openat2, readDirectory, S, unlinkat, utimensat } from "../linux/mod.ts";
import { isFolder, isOpaque, kindOf, type MergedFolder, nameBytes, nameText, openFolderAt, statOf } from "./merged-folder.ts";
import { MergedTree } from "./merged-tree.ts";

/** A finished layer: the digest of its archive, and what is in it. */
export interface Sealed {
  readonly diffID: string;
  readonly entries: number;
  /** Of files, those with several names once. */
  readonly bytes: number;
  /** Of the archive. */
  readonly archiveBytes: number;
}

/** Looked at whenever a piece has been hashed; what it throws ends the work. */
export type Check = () => void;

export interface Knowledge {
  /** What is in the folder, where somebody has counted. */
  readonly counted?: { readonly entries: number; readonly bytes: number } | undefined;
  /** Members of folders that need not be looked at. */
  readonly inside?: ((name: string, packer: TreePacker) => Iterable<Uint8Array> | undefined) | undefined;
}

/** Digests the archive of a layer's folder, the bytes that it is exported as. */
export function seal(folderFd: number, check: Check, { counted, inside }: Knowledge = {}): Sealed {
  const hasher = new Bun.CryptoHasher("sha256");
  let archiveBytes = 0;
  using packer: TreePacker = new TreePacker({ format: "layer", inside: inside && ((name) => inside(name, packer)) });
  const take = (piece: Uint8Array): void => {
    hasher.update(piece);
    archiveBytes += piece.length;
  };
  for (const piece of packer.content(folderFd)) {
    take(piece);
    check();
  }
  for (const piece of packer.finish()) take(piece);
  return { diffID: `sha256:${hasher.digest("hex")}`, archiveBytes, ...(counted ?? countTree(folderFd, check)) };
}

export function countTree(folderFd: number, check: Check): { entries: number; bytes: number } {
  const seen = new Set<bigint>();
  const count = { entries: 0, bytes: 0 };
  const visit = (fd: number): void => {
    check();
    for (let batch = getdents(fd); batch; batch = getdents(fd)) {
      const folders: string[] = [];
      for (const { name: bytes } of batch) {
        const name = nameText(bytes);
        const stat = statOf(fd, name);
        if (!stat) continue;
        count.entries++;
        if (isFolder(stat)) folders.push(name);
        else if (kindOf(stat) === S.IFREG && !(stat.nlink > 1 && seen.has(stat.ino))) {
          if (stat.nlink > 1) seen.add(stat.ino);
          count.bytes += stat.size;
        }
      }
      for (const name of folders) within(fd, name, visit);
    }
  };
  const own = openat2(folderFd, ".", { flags: O.RDONLY | O.DIRECTORY });
  try {
    visit(own);
  } finally {
    closeFd(own);
  }
  return count;
}

function within(fd: number, name: string, act: (fd: number) => void): void {
  const child = openFolderAt(fd, name);
  if (child === undefined) return;
  try {
    act(child);
  } finally {
    closeFd(child);
  }
}

/**
 * Takes away what was made only for something to be mounted on: empty files and folders at these paths, and the folders above them that were
 * made for them alone or hold nothing else that is new.
 */
export function removeStubs(upper: string, lowers: readonly string[], paths: readonly string[]): void {
  using below = new MergedTree(lowers);
  const root = openat2(AT.FDCWD, upper, { flags: O.RDONLY | O.DIRECTORY });
  try {
    for (const path of paths) removeStub(root, below.root, below.resolve(path, true).path.split("/"));
  } finally {
    closeFd(root);
  }
}

/** True when nothing is left at the path. */
function removeStub(folder: number, below: MergedFolder | undefined, [name = "", ...rest]: readonly string[]): void {
  const stat = statOf(folder, name);
  if (name === "" || !stat) return;
  if (rest.length > 0 && isFolder(stat)) {
    const child = openFolderAt(folder, name);
    if (child === undefined) return;
    const beneath = below?.enter(name);
    try {
      removeStub(child, beneath, rest);
    } finally {
      closeFd(child);
      beneath?.[Symbol.dispose]();
    }
  }
  removeIfEmpty(folder, below, name);
}

function removeIfEmpty(folder: number, below: MergedFolder | undefined, name: string): void {
  const stat = statOf(folder, name);
  if (!stat) return;
  const old = below?.child(name)?.stat;
  const { mtimeNs } = fstat(folder);
  if (isFolder(stat)) {
    if (!isEmptyFolder(folder, name, old !== undefined)) return;
    // One that was there, and is not as it was: somebody meant it.
    if (old && (!isFolder(old) || old.mode !== stat.mode || old.uid !== stat.uid || old.gid !== stat.gid)) return;
    unlinkat(folder, nameBytes(name), AT.REMOVEDIR);
  } else {
    if (old || kindOf(stat) !== S.IFREG || stat.size !== 0) return;
    unlinkat(folder, nameBytes(name));
  }
  const before = below?.stat?.mtimeNs ?? mtimeNs;
  utimensat(folder, "", before, before, AT.EMPTY_PATH);
}

/** An opaque one hides what was there: that is a change. Overlay makes new ones opaque too. */
function isEmptyFolder(folder: number, name: string, hides: boolean): boolean {
  const fd = openFolderAt(folder, name);
  if (fd === undefined) return false;
  try {
    return readDirectory(fd).length === 0 && !(hides && isOpaque(fd));
  } finally {
    closeFd(fd);
  }
}
