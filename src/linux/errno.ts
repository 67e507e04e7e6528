/** Linux errno names (asm-generic; the same on x86-64 and arm64). */
export const ERRNO = {
  EPERM: 1, ENOENT: 2, ESRCH: 3, EINTR: 4, EIO: 5, ENXIO: 6, E2BIG: 7, ENOEXEC: 8, EBADF: 9, ECHILD: 10, EAGAIN: 11, ENOMEM: 12, EACCES: 13,
  EFAULT: 14, ENOTBLK: 15, EBUSY: 16, EEXIST: 17, EXDEV: 18, ENODEV: 19, ENOTDIR: 20, EISDIR: 21, EINVAL: 22, ENFILE: 23, EMFILE: 24,
  ENOTTY: 25, ETXTBSY: 26, EFBIG: 27, ENOSPC: 28, ESPIPE: 29, EROFS: 30, EMLINK: 31, EPIPE: 32, EDOM: 33, ERANGE: 34, EDEADLK: 35,
  ENAMETOOLONG: 36, ENOLCK: 37, ENOSYS: 38, ENOTEMPTY: 39, ELOOP: 40, ENODATA: 61, EPROTO: 71, EBADMSG: 74, EOVERFLOW: 75, EUSERS: 87,
  ENOTSOCK: 88, EMSGSIZE: 90, EPROTONOSUPPORT: 93, EOPNOTSUPP: 95, EAFNOSUPPORT: 97, EADDRINUSE: 98, EADDRNOTAVAIL: 99, ENETDOWN: 100,
  ENETUNREACH: 101, ECONNRESET: 104, ENOBUFS: 105, ENOTCONN: 107, ETIMEDOUT: 110, ECONNREFUSED: 111, EHOSTUNREACH: 113, EALREADY: 114,
  EINPROGRESS: 115, ESTALE: 116, EDQUOT: 122, ENOMEDIUM: 123, ENOKEY: 126,
} as const;
export type ErrnoName = keyof typeof ERRNO;

const SENTENCES: Record<number, string> = {
  1: "operation not permitted", 2: "no such file or directory", 3: "no such process", 5: "input/output error", 6: "no such device or address",
  7: "argument list too long", 8: "exec format error", 9: "bad file descriptor", 11: "resource temporarily unavailable", 12: "cannot allocate memory",
  13: "permission denied", 16: "device or resource busy", 17: "file exists", 18: "invalid cross-device link", 19: "no such device",
  20: "not a directory", 21: "is a directory", 22: "invalid argument", 23: "too many open files in system", 24: "too many open files",
  26: "text file busy", 27: "file too large", 28: "no space left on device", 30: "read-only file system", 31: "too many links",
  34: "numerical result out of range", 36: "file name too long", 38: "function not implemented", 39: "directory not empty",
  40: "too many levels of symbolic links", 61: "no data available", 93: "protocol not supported", 95: "operation not supported", 97: "address family not supported by protocol", 98: "address already in use",
  99: "cannot assign requested address", 101: "network is unreachable", 110: "connection timed out", 111: "connection refused",
  113: "no route to host", 122: "disk quota exceeded",
};

const NAMES = new Map<number, string>(Object.entries(ERRNO).map(([name, value]) => [value, name]));

export function errnoName(errno: number): string {
  return NAMES.get(errno) ?? `E${errno}`;
}

/** The words of strerror(3), in lower case as Docker prints them. */
export function errnoMessage(errno: number): string {
  return SENTENCES[errno] ?? `error ${errno}`;
}

/** A system call that failed; `code` is the name callers compare (`"ENOENT"`). */
export class SyscallError extends Error {
  readonly code: string;

  constructor(
    readonly call: string,
    readonly errno: number,
    readonly path?: string,
  ) {
    super(path === undefined ? `${call}: ${errnoMessage(errno)}` : `${call} ${path}: ${errnoMessage(errno)}`);
    this.name = "SyscallError";
    this.code = errnoName(errno);
  }
}

export function hasCode(error: unknown, ...codes: (ErrnoName | string)[]): boolean {
  return error instanceof Error && "code" in error && typeof error.code === "string" && codes.includes(error.code);
}
