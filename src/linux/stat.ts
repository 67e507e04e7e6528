import { pinned } from "./addon.ts";
import { callOn, cpath, type Path } from "./call.ts";
import { AT } from "./constants.ts";

export interface Stat {
  /** With the S_IF type. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** Space taken on disk. */
  readonly allocatedBytes: number;
  readonly ino: bigint;
  readonly nlink: number;
  /** Identity of the file system; only good for comparing. */
  readonly dev: number;
  readonly rdevMajor: number;
  readonly rdevMinor: number;
  readonly atimeNs: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  /** Something is mounted here, in whatever namespace the way to it led through. */
  readonly isMountPoint: boolean;
}

const STATX_BASIC_STATS = 0x7ff;
const STATX_ATTR_MOUNT_ROOT = 0x2000;
const buffer = pinned(256);
const view = new DataView(buffer.buffer);

/** Does not follow a symlink unless `flags` is given. @throws SyscallError */
export function statx(dirfd: number, path: Path, flags: number = AT.SYMLINK_NOFOLLOW): Stat {
  callOn(path, "statx", dirfd, cpath(path), flags, STATX_BASIC_STATS, buffer);
  return {
    isMountPoint: (view.getUint32(8, true) & STATX_ATTR_MOUNT_ROOT) !== 0,
    nlink: view.getUint32(16, true),
    uid: view.getUint32(20, true),
    gid: view.getUint32(24, true),
    mode: view.getUint16(28, true),
    ino: view.getBigUint64(32, true),
    size: Number(view.getBigUint64(40, true)),
    allocatedBytes: Number(view.getBigUint64(48, true)) * 512,
    atimeNs: timeAt(64),
    ctimeNs: timeAt(96),
    mtimeNs: timeAt(112),
    rdevMajor: view.getUint32(128, true),
    rdevMinor: view.getUint32(132, true),
    dev: view.getUint32(136, true) * 0x100000 + view.getUint32(140, true),
  };
}

export function fstat(fd: number): Stat {
  return statx(fd, "", AT.EMPTY_PATH);
}

function timeAt(offset: number): bigint {
  return view.getBigInt64(offset, true) * 1_000_000_000n + BigInt(view.getUint32(offset + 8, true));
}
