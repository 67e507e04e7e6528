/** Extended attributes. A path is never followed at its end; use `fdPath(fd)` with the following variants for an O_PATH descriptor. */
import { callOn, cpath, tryCall, type Path, pathText } from "./call.ts";
import { SyscallError } from "./errno.ts";
import type { SyscallName } from "./syscall-numbers.ts";

const ENODATA = 61;
const ERANGE = 34;
const EOPNOTSUPP = 95;

/** A path that names what the descriptor holds, also for O_PATH descriptors, whose own calls fail with EBADF. */
export function fdPath(fd: number): string {
  return `/proc/self/fd/${fd}`;
}

export function fsetxattr(fd: number, name: string, value: Uint8Array): void {
  callOn(name, "fsetxattr", fd, name, value.length === 0 ? null : value, value.length, 0);
}

export function lsetxattr(path: Path, name: string, value: Uint8Array): void {
  callOn(path, "lsetxattr", cpath(path), name, value.length === 0 ? null : value, value.length, 0);
}

/** Follows: meant for `fdPath(fd)`. */
export function setxattr(path: Path, name: string, value: Uint8Array): void {
  callOn(path, "setxattr", cpath(path), name, value.length === 0 ? null : value, value.length, 0);
}

/** Undefined when the attribute, or the file system's support, is missing. */
export function lgetxattr(path: Path, name: string): Uint8Array | undefined {
  return readValue("lgetxattr", cpath(path), path, name);
}

export function getxattr(path: Path, name: string): Uint8Array | undefined {
  return readValue("getxattr", cpath(path), path, name);
}

export function fgetxattr(fd: number, name: string): Uint8Array | undefined {
  return readValue("fgetxattr", fd, name, name);
}

/** Names; empty where the file system has none. */
export function llistxattr(path: Path): string[] {
  return names(grow((buffer) => tryCall("llistxattr", cpath(path), buffer, buffer.length), "llistxattr", path));
}

export function listxattr(path: Path): string[] {
  return names(grow((buffer) => tryCall("listxattr", cpath(path), buffer, buffer.length), "listxattr", path));
}

export function flistxattr(fd: number): string[] {
  return names(grow((buffer) => tryCall("flistxattr", fd, buffer, buffer.length), "flistxattr", ""));
}

export function lremovexattr(path: Path, name: string): void {
  callOn(path, "lremovexattr", cpath(path), name);
}

function readValue(syscall: SyscallName, target: string | Uint8Array | number, path: Path, name: string): Uint8Array | undefined {
  return grow((buffer) => tryCall(syscall, target, name, buffer, buffer.length), syscall, path);
}

const scratch = new Uint8Array(1024);

/** Most values are small; the limit of the kernel is 64 KiB. */
function grow(read: (buffer: Uint8Array) => number, syscall: string, path: Path): Uint8Array | undefined {
  let buffer = scratch;
  let length = read(buffer);
  if (length === -ERANGE) {
    buffer = new Uint8Array(64 * 1024);
    length = read(buffer);
  }
  if (length === -ENODATA || length === -EOPNOTSUPP) return undefined;
  if (length < 0) throw new SyscallError(syscall, -length, pathText(path));
  return buffer.slice(0, length);
}

function names(list: Uint8Array | undefined): string[] {
  if (!list || list.length === 0) return [];
  return new TextDecoder().decode(list.subarray(0, list.length - 1)).split("\0");
}
