import { messageOf } from "../base/mod.ts";
import { describeCause, StartError } from "../runtime/mod.ts";
import type { ProcessSpec, RuntimeSpec } from "../spec/mod.ts";

/** Why a process did not start, in the words that runc's callers look for. */
export function startErrorText(error: unknown, { process, mounts, linux }: Pick<RuntimeSpec, "process"> & Partial<Pick<RuntimeSpec, "mounts" | "linux">>): string {
  if (!(error instanceof StartError)) return messageOf(error);
  return `unable to start container process: ${describeCause(error, { kind: "container", process, ...(mounts && { mounts }), ...(linux && { sysctl: linux.sysctl }) })}`;
}

export function execErrorText(error: unknown, process: ProcessSpec): string {
  return `exec failed: ${startErrorText(error, { process })}`;
}
