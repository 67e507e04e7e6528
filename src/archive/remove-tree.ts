import { AT, closeFd, DT, hasCode, O, openat2, readDirectory, RESOLVE, S, statx, SyscallError, unlinkat, type Path } from "../linux/mod.ts";

const EBUSY = 16;

/**
 * Removes whatever stands at `name` in an open folder, never following a link. Missing is done. What is mounted stays: in another mount
 * namespace than our own the kernel would detach it. @throws SyscallError EBUSY
 */
export function removeAt(parentFd: number, name: Path): void {
  keepMounted(parentFd, name);
  try {
    unlinkat(parentFd, name);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return;
    if (!hasCode(error, "EISDIR", "EPERM")) throw error;
    removeFolder(parentFd, name);
  }
}

function keepMounted(parentFd: number, name: Path): void {
  try {
    if (!statx(parentFd, name).isMountPoint) return;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return;
    throw error;
  }
  throw new SyscallError("RemoveAll", EBUSY, typeof name === "string" ? name : Buffer.from(name).toString());
}

function removeFolder(parentFd: number, name: Path): void {
  const fd = openat2(parentFd, name, { flags: O.RDONLY | O.DIRECTORY | O.NOFOLLOW, resolve: RESOLVE.BENEATH });
  try {
    for (const entry of readDirectory(fd)) {
      keepMounted(fd, entry.name);
      const isFolder = entry.type === DT.DIR || (entry.type === DT.UNKNOWN && (statx(fd, entry.name).mode & S.IFMT) === S.IFDIR);
      if (isFolder) removeFolder(fd, entry.name);
      else unlinkat(fd, entry.name);
    }
  } finally {
    closeFd(fd);
  }
  unlinkat(parentFd, name, AT.REMOVEDIR);
}
