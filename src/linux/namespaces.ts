export type NamespaceName = "mnt" | "uts" | "ipc" | "pid" | "net" | "cgroup" | "user";

export function namespacePath(pid: number, name: NamespaceName): string {
  return `/proc/${pid}/ns/${name}`;
}
