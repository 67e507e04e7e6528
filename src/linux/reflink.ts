import { tryCall } from "./call.ts";
import { AT, O } from "./constants.ts";
import { SyscallError } from "./errno.ts";
import { closeFd, openat2 } from "./files.ts";

const FICLONE = 0x40049409;
const TMPFILE = 0x400000 | O.DIRECTORY;

/** Makes a file share the blocks of another, of the same file system. @throws SyscallError EOPNOTSUPP where that cannot be */
export function cloneFile(source: number, target: number): void {
  const result = tryCall("ioctl", target, FICLONE, source);
  if (result < 0) throw new SyscallError("clone", -result);
}

/** Whether files of a folder's file system can share blocks. */
export function sharesBlocks(folder: string): boolean {
  const fds: number[] = [];
  try {
    for (let count = 0; count < 2; count++) fds.push(openat2(AT.FDCWD, folder, { flags: TMPFILE | O.RDWR, mode: 0o600 }));
    return tryCall("ioctl", fds[1] ?? -1, FICLONE, fds[0] ?? -1) === 0;
  } catch {
    // No nameless files, ignoring: such a file system shares nothing either.
    return false;
  } finally {
    for (const fd of fds) closeFd(fd);
  }
}
