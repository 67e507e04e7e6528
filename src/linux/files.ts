/** Files by descriptor: every function throws SyscallError, and takes names as text or as raw bytes. */
import { pinned } from "./addon.ts";
import { call, callOn, cpath, tryCall, type Path } from "./call.ts";
import { AT, LOCK, O, S } from "./constants.ts";
import { SyscallError } from "./errno.ts";
import { fstat } from "./stat.ts";

const PATH_MAX = 4096;
const MAX_RACES = 1000;
const how = pinned(24);
const howView = new DataView(how.buffer);

/** openat2(2). O_CLOEXEC is always added. `resolve` is an or of RESOLVE. */
export function openat2(dirfd: number, path: Path, options: { flags: number; mode?: number; resolve?: number }): number {
  howView.setUint32(0, (options.flags | O.CLOEXEC) >>> 0, true);
  howView.setUint32(8, options.mode ?? 0, true);
  howView.setUint32(16, options.resolve ?? 0, true);
  for (let triesLeft = MAX_RACES; ; triesLeft--) {
    const fd = tryCall("openat2", dirfd, cpath(path), how, how.length);
    // EAGAIN: a rename or mount raced with the walk, which the kernel refuses to judge; or somebody keeps a lease of the file, for as long as he likes.
    if (fd === -11 && triesLeft > 0) continue;
    if (fd < 0) throw new SyscallError("open", -fd, typeof path === "string" ? path : new TextDecoder().decode(path));
    return fd;
  }
}

export function closeFd(fd: number): void {
  tryCall("close", fd);
}

export function mkdirat(dirfd: number, path: Path, mode: number): void {
  callOn(path, "mkdirat", dirfd, cpath(path), mode);
}

/** `mode` with its S_IF type. */
export function mknodat(dirfd: number, path: Path, mode: number, major = 0, minor = 0): void {
  callOn(path, "mknodat", dirfd, cpath(path), mode, deviceNumber(major, minor));
}

/** The kernel's 32-bit encoding: 12 bits of major between the two parts of minor. */
function deviceNumber(major: number, minor: number): number {
  return ((minor & 0xff) | ((major & 0xfff) << 8) | ((minor & 0xfff00) << 12)) >>> 0;
}

export function symlinkat(target: Path, dirfd: number, path: Path): void {
  callOn(path, "symlinkat", cpath(target), dirfd, cpath(path));
}

export function linkat(oldDirfd: number, oldPath: Path, newDirfd: number, newPath: Path, flags = 0): void {
  callOn(newPath, "linkat", oldDirfd, cpath(oldPath), newDirfd, cpath(newPath), flags);
}

/** `flags` AT.REMOVEDIR removes a folder. */
export function unlinkat(dirfd: number, path: Path, flags = 0): void {
  callOn(path, "unlinkat", dirfd, cpath(path), flags);
}

/** `flags` of RENAME. */
export function renameat(oldDirfd: number, oldPath: Path, newDirfd: number, newPath: Path, flags = 0): void {
  callOn(newPath, "renameat2", oldDirfd, cpath(oldPath), newDirfd, cpath(newPath), flags);
}

export function readlinkat(dirfd: number, path: Path): Uint8Array {
  const buffer = new Uint8Array(PATH_MAX);
  return buffer.slice(0, callOn(path, "readlinkat", dirfd, cpath(path), buffer, buffer.length));
}

/** Does not follow a symlink unless `flags` is given. */
export function fchownat(dirfd: number, path: Path, uid: number, gid: number, flags: number = AT.SYMLINK_NOFOLLOW): void {
  callOn(path, "fchownat", dirfd, cpath(path), uid, gid, flags);
}

/** Follows a symlink: Linux has no mode of a symlink itself. Clears nothing that chown cleared before. */
export function fchmodat(dirfd: number, path: Path, mode: number): void {
  callOn(path, "fchmodat", dirfd, cpath(path), mode);
}

export function fchmod(fd: number, mode: number): void {
  call("fchmod", fd, mode);
}

const times = pinned(32);
const timesView = new DataView(times.buffer);

/** Nanoseconds since the epoch; does not follow a symlink unless `flags` is given. An empty path with AT.EMPTY_PATH is the fd itself. */
export function utimensat(dirfd: number, path: Path, atimeNs: bigint, mtimeNs: bigint, flags: number = AT.SYMLINK_NOFOLLOW): void {
  putTime(0, atimeNs);
  putTime(16, mtimeNs);
  callOn(path, "utimensat", dirfd, cpath(path), times, flags);
}

function putTime(offset: number, ns: bigint): void {
  const nanoseconds = ((ns % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  timesView.setBigInt64(offset, (ns - nanoseconds) / 1_000_000_000n, true);
  timesView.setBigInt64(offset + 8, nanoseconds, true);
}

/** 0 at the end of the file. */
export function readFd(fd: number, bytes: Uint8Array): number {
  return call("read", fd, bytes, bytes.length);
}

/** Writes all of it. */
export function writeFd(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += call("write", fd, done === 0 ? bytes : bytes.subarray(done), bytes.length - done);
}

export function pwriteFd(fd: number, bytes: Uint8Array, offset: number): void {
  for (let done = 0; done < bytes.length; ) done += call("pwrite64", fd, done === 0 ? bytes : bytes.subarray(done), bytes.length - done, offset + done);
}

export function ftruncate(fd: number, sizeBytes: number): void {
  call("ftruncate", fd, sizeBytes);
}

export function fallocate(fd: number, offset: number, sizeBytes: number): void {
  call("fallocate", fd, 0, offset, sizeBytes);
}

export function fsync(fd: number): void {
  call("fsync", fd);
}

/** Writes back everything dirty of the file system that holds the file. */
export function syncfs(fd: number): void {
  call("syncfs", fd);
}

/** False when somebody else holds the lock (it never waits). */
export function flock(fd: number, operation: "exclusive" | "shared" | "unlock"): boolean {
  const flags = { exclusive: LOCK.EX | LOCK.NB, shared: LOCK.SH | LOCK.NB, unlock: LOCK.UN }[operation];
  const result = tryCall("flock", fd, flags);
  if (result < 0 && result !== -11) throw new SyscallError("flock", -result);
  return result === 0;
}

/**
 * The content of a small regular file named by somebody else (an image, a build context): a link, a FIFO or a device
 * is refused without waiting on it. Undefined when it is missing, is no regular file, or is longer than `maxBytes`.
 */
export function readSmallFileAt(dirfd: number, path: Path, maxBytes: number, resolve = 0): Uint8Array | undefined {
  let fd: number;
  try {
    fd = openat2(dirfd, path, { flags: O.RDONLY | O.NONBLOCK | O.NOFOLLOW | O.NOCTTY, resolve });
  } catch {
    return undefined;
  }
  try {
    return readSmallFd(fd, maxBytes);
  } finally {
    closeFd(fd);
  }
}

function readSmallFd(fd: number, maxBytes: number): Uint8Array | undefined {
  const { mode, size } = fstat(fd);
  if ((mode & S.IFMT) !== S.IFREG || size > maxBytes) return undefined;
  // One byte more than allowed: a file that grows meanwhile is noticed. procfs says size 0.
  const buffer = new Uint8Array((size > 0 ? size : maxBytes) + 1);
  let length = 0;
  for (;;) {
    const read = readFd(fd, buffer.subarray(length));
    if (read === 0) return buffer.subarray(0, length);
    length += read;
    if (length === buffer.length) return undefined;
  }
}
