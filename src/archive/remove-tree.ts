import { AT, closeFd, DT, hasCode, O, openat2, readDirectory, RESOLVE, S, statx, unlinkat, type Path } from "../linux/mod.ts";

/** Removes whatever stands at `name` in an open folder, never following a link. Missing is done. */
export function removeAt(parentFd: number, name: Path): void {
  try {
    unlinkat(parentFd, name);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return;
    if (!hasCode(error, "EISDIR", "EPERM")) throw error;
    removeFolder(parentFd, name);
  }
}

function removeFolder(parentFd: number, name: Path): void {
  const fd = openat2(parentFd, name, { flags: O.RDONLY | O.DIRECTORY | O.NOFOLLOW, resolve: RESOLVE.BENEATH });
  try {
    for (const entry of readDirectory(fd)) {
      const isFolder = entry.type === DT.DIR || (entry.type === DT.UNKNOWN && (statx(fd, entry.name).mode & S.IFMT) === S.IFDIR);
      if (isFolder) removeFolder(fd, entry.name);
      else unlinkat(fd, entry.name);
    }
  } finally {
    closeFd(fd);
  }
  unlinkat(parentFd, name, AT.REMOVEDIR);
}
