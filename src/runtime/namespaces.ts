import type { LinuxSpec, NamespaceType } from "../spec/mod.ts";

/** clone(2) flags by namespace. */
export const CLONE_NEW: Readonly<Record<NamespaceType, bigint>> = {
  time: 0x80n,
  mount: 0x20000n,
  cgroup: 0x2000000n,
  uts: 0x4000000n,
  ipc: 0x8000000n,
  user: 0x10000000n,
  pid: 0x20000000n,
  network: 0x40000000n,
};

/** `created`: new with the container; `joined`: of somebody else, by path; `host`: the engine's own. */
export type NamespaceUse = "created" | "joined" | "host";

export function namespaceUse(spec: LinuxSpec, type: NamespaceType): NamespaceUse {
  const entry = spec.namespaces.find((namespace) => namespace.type === type);
  if (!entry) return "host";
  return entry.path ? "joined" : "created";
}

/**
 * The namespaces to create at clone. The cgroup namespace is not among them: its root is where its creator stands,
 * so the child creates it once it is in its own cgroup.
 */
export function cloneFlags(spec: LinuxSpec): bigint {
  return spec.namespaces
    .filter((namespace) => !namespace.path && namespace.type !== "cgroup")
    .reduce((flags, namespace) => flags | CLONE_NEW[namespace.type], 0n);
}
