import { AT, CLONE, O } from "./constants.ts";
import { closeFd, openat2 } from "./files.ts";
import { readSmallText } from "./proc.ts";

const FILES = { mnt: CLONE.NEWNS, uts: CLONE.NEWUTS, ipc: CLONE.NEWIPC, pid: CLONE.NEWPID, net: CLONE.NEWNET, cgroup: CLONE.NEWCGROUP, user: CLONE.NEWUSER } as const;
export type NamespaceName = keyof typeof FILES;

export function namespacePath(pid: number, name: NamespaceName): string {
  return `/proc/${pid}/ns/${name}`;
}

/** Descriptors of a process's namespaces with the CLONE_NEW* flag of each; the caller closes them. @throws SyscallError ENOENT */
export function openNamespacesOf(pid: number, names: readonly NamespaceName[]): { name: NamespaceName; flag: number; fd: number }[] {
  const opened: { name: NamespaceName; flag: number; fd: number }[] = [];
  try {
    for (const name of names) opened.push({ name, flag: FILES[name], fd: openat2(AT.FDCWD, namespacePath(pid, name), { flags: O.RDONLY }) });
    return opened;
  } catch (error) {
    for (const { fd } of opened) closeFd(fd);
    throw error;
  }
}

/** Ticks after boot at which the process began: with its pid, its identity. Undefined when there is none. */
export function processStartTicks(pid: number): number | undefined {
  const text = readSmallText(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  return Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[19]);
}
