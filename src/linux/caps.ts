import { readSmallText } from "./proc.ts";

/** Index = number of the capability (linux/capability.h). */
export const CAPABILITIES = [
  "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID", "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE",
  "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST", "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_CHROOT",
  "CAP_SYS_PTRACE", "CAP_SYS_PACCT", "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE", "CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE",
  "CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL", "CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM", "CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ",
  "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE",
] as const;
export type Capability = (typeof CAPABILITIES)[number];

/** What Docker gives a container, in Docker's order. */
export const DEFAULT_CAPABILITIES: readonly Capability[] = [
  "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID", "CAP_SETUID", "CAP_SETFCAP", "CAP_SETPCAP",
  "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE",
];

const BITS = new Map<string, bigint>(CAPABILITIES.map((name, index) => [name, 1n << BigInt(index)]));

/** Names that are no capability count for nothing: they were validated where they came in. */
export function capabilityMask(names: readonly string[]): bigint {
  return names.reduce((mask, name) => mask | (BITS.get(name) ?? 0n), 0n);
}

export function capabilityNames(mask: bigint): Capability[] {
  return CAPABILITIES.filter((_, index) => (mask >> BigInt(index)) & 1n);
}

/** What this engine may hand on: its own bounding set, so only what kernel and surroundings allow. */
export function kernelCapabilities(): Capability[] {
  const bounding = readSmallText("/proc/self/status")?.match(/^CapBnd:\s*([0-9a-f]+)/m)?.[1];
  if (bounding === undefined) return [...CAPABILITIES];
  return capabilityNames(BigInt(`0x${bounding}`));
}
