import { AT, O } from "./constants.ts";
import { hasCode, SyscallError } from "./errno.ts";
import { closeFd, openat2, readlinkat } from "./files.ts";

export type NamespaceName = "mnt" | "uts" | "ipc" | "pid" | "net" | "cgroup" | "user";

export function namespacePath(pid: number, name: NamespaceName): string {
  return `/proc/${pid}/ns/${name}`;
}

/** A process's namespace as itself sees it: for programs, and plans, that are run elsewhere. */
export function ownNamespacePath(name: NamespaceName): string {
  return `/proc/self/ns/${name}`;
}

/**
 * The root of a process that has a mount namespace of its own, opened without looking into it; the caller's to close. Undefined when
 * the process has ended, also when its number means another one by now that is none of a container's.
 */
export function openProcessRoot(pid: number): number | undefined {
  let folder: number | undefined;
  try {
    // Held open, the folder stays that process's even when its number is given to another.
    folder = openat2(AT.FDCWD, `/proc/${pid}`, { flags: O.PATH | O.DIRECTORY });
    if (linkOf(folder, "ns/mnt") === linkOf(AT.FDCWD, "/proc/self/ns/mnt")) return undefined;
    return openat2(folder, "root", { flags: O.PATH | O.DIRECTORY });
  } catch (error) {
    if (error instanceof SyscallError && hasCode(error, "ENOENT", "ESRCH")) return undefined;
    throw error;
  } finally {
    if (folder !== undefined) closeFd(folder);
  }
}

const linkOf = (folder: number, path: string): string => new TextDecoder().decode(readlinkat(folder, path));

/** The user namespace of a process, the caller's to close. @throws SyscallError ENOENT when it has ended */
export const openUserNamespace = (pid: number): number => openat2(AT.FDCWD, namespacePath(pid, "user"), { flags: O.RDONLY });
