export type NamespaceName = "mnt" | "uts" | "ipc" | "pid" | "net" | "cgroup" | "user";

export function namespacePath(pid: number, name: NamespaceName): string {
  return `/proc/${pid}/ns/${name}`;
}

/** A process's namespace as itself sees it: for programs, and plans, that are run elsewhere. */
export function ownNamespacePath(name: NamespaceName): string {
  return `/proc/self/ns/${name}`;
}
