import { addon, type Register } from "./addon.ts";
import { SyscallError } from "./errno.ts";
import { NR, type SyscallName } from "./syscall-numbers.ts";

const EINTR = 4;
const EINVAL = 22;

/** A path: text, or the raw bytes of a name without its final NUL. */
export type Path = string | Uint8Array;

/** The kernel's answer, or -errno; an interrupted call is made again. */
export function tryCall(name: SyscallName, ...registers: Register[]): number {
  const { syscall } = addon();
  for (;;) {
    const result = syscall(NR[name], ...registers);
    if (result !== -EINTR) return result;
  }
}

/** @throws SyscallError */
export function call(name: SyscallName, ...registers: Register[]): number {
  const result = tryCall(name, ...registers);
  if (result < 0) throw new SyscallError(name, -result);
  return result;
}

/** `call` whose failure names the path it was about. @throws SyscallError */
export function callOn(path: Path, name: SyscallName, ...registers: Register[]): number {
  const result = tryCall(name, ...registers);
  if (result < 0) throw new SyscallError(name, -result, pathText(path));
  return result;
}

/** The path as a register. @throws SyscallError EINVAL for a NUL inside */
export function cpath(path: Path): string | Uint8Array {
  if (typeof path === "string") return path;
  if (path.includes(0)) throw new SyscallError("path", EINVAL, pathText(path));
  const bytes = new Uint8Array(path.length + 1);
  bytes.set(path);
  return bytes;
}

export function pathText(path: Path): string {
  return typeof path === "string" ? path : new TextDecoder().decode(path);
}
