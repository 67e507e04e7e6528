import { EngineError } from "../base/mod.ts";

/** Docker's 14, in its order. */
export const DEFAULT_CAPABILITIES: readonly string[] = [
  "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID", "CAP_SETUID", "CAP_SETFCAP", "CAP_SETPCAP",
  "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE",
];

export interface CapabilityRequest {
  readonly add: readonly string[];
  readonly drop: readonly string[];
  readonly privileged: boolean;
}

/** The capabilities of a container, of those that the kernel has. @throws EngineError InvalidParameter for an unknown name */
export function containerCapabilities({ add, drop, privileged }: CapabilityRequest, kernel: readonly string[]): string[] {
  const added = normalise(add, "CapAdd", kernel);
  const dropped = normalise(drop, "CapDrop", kernel);
  if (privileged) return [...kernel];
  if (added.includes("ALL")) return kernel.filter((name) => !dropped.includes(name));
  const kept = dropped.includes("ALL") ? [] : DEFAULT_CAPABILITIES.filter((name) => !dropped.includes(name));
  const extra = added.filter((name) => !kept.includes(name));
  return [...kept, ...extra];
}

function normalise(names: readonly string[], field: string, kernel: readonly string[]): string[] {
  return [...new Set(names)].map((name) => {
    const upper = name.toUpperCase();
    if (upper === "ALL") return "ALL";
    const full = upper.startsWith("CAP_") ? upper : `CAP_${upper}`;
    if (!kernel.includes(full) && !DEFAULT_CAPABILITIES.includes(full)) throw new EngineError("InvalidParameter", `invalid ${field}: unknown capability: ${JSON.stringify(full.slice(0, 64))}`);
    return full;
  });
}
