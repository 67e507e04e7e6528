import { AT, closeFd, DT, getdents, hasCode, O, openat2, RESOLVE, S, statx } from "../linux/mod.ts";

const SLICE_MS = 2;

/**
 * Bytes of all files below a folder, hard-linked ones once, as Docker counts a layer. Walks in slices, so that
 * the event loop stays free; entries that vanish meanwhile count nothing.
 */
export async function treeSize(path: string): Promise<number> {
  const seen = new Set<bigint>();
  const pending: string[] = [""];
  const rootFd = openat2(AT.FDCWD, path, { flags: O.RDONLY | O.DIRECTORY });
  let total = 0;
  let sliceEnd = performance.now() + SLICE_MS;
  try {
    for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
      total += folderSize(rootFd, folder, pending, seen);
      if (performance.now() < sliceEnd) continue;
      await new Promise<void>((resolve) => setImmediate(resolve));
      sliceEnd = performance.now() + SLICE_MS;
    }
  } finally {
    closeFd(rootFd);
  }
  return total;
}

function folderSize(rootFd: number, folder: string, pending: string[], seen: Set<bigint>): number {
  const fd = tryOpen(rootFd, folder);
  if (fd === undefined) return 0;
  let total = 0;
  try {
    for (let batch = getdents(fd); batch; batch = getdents(fd)) {
      for (const { name, type } of batch) {
        if (type === DT.DIR) pending.push(`${folder === "" ? "" : `${folder}/`}${Buffer.from(name).toString("latin1")}`);
        else total += fileSize(fd, name, seen);
      }
    }
  } finally {
    closeFd(fd);
  }
  return total;
}

function tryOpen(rootFd: number, folder: string): number | undefined {
  try {
    return openat2(rootFd, folder === "" ? "." : Buffer.from(folder, "latin1"), { flags: O.RDONLY | O.DIRECTORY | O.NOFOLLOW, resolve: RESOLVE.BENEATH | RESOLVE.NO_SYMLINKS });
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG")) return undefined;
    throw error;
  }
}

function fileSize(fd: number, name: Uint8Array, seen: Set<bigint>): number {
  try {
    const { mode, size, nlink, ino } = statx(fd, name);
    if ((mode & S.IFMT) === S.IFDIR || (nlink > 1 && seen.has(ino))) return 0;
    if (nlink > 1) seen.add(ino);
    return size;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return 0;
    throw error;
  }
}
