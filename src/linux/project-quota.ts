/** Project quotas of xfs and ext4: what lies below a folder counts for its project, which has a limit. */
import { pinned } from "./addon.ts";
import { call, tryCall } from "./call.ts";
import { AT, O } from "./constants.ts";
import { closeFd, openat2 } from "./files.ts";

const FSGETXATTR = 0x801c581f;
const FSSETXATTR = 0x401c5820;
const XATTR_BYTES = 28;
const PROJECT_AT = 12;
/** New files and folders in a folder are of its project. */
const PROJECT_INHERIT = 0x200;

const PROJECT_QUOTA = 2;
const GET_QUOTA = (0x5803 << 8) | PROJECT_QUOTA;
const SET_LIMITS = (0x5804 << 8) | PROJECT_QUOTA;
const DISK_QUOTA_BYTES = 112;
const QUOTA_VERSION = 1;
const OF_PROJECT = 2;
const BLOCK_LIMITS = 0b1100;
const BLOCK_BYTES = 512;
const ENOENT = 2;

/** Whether limits of projects hold on the file system of a folder. */
export function takesProjectQuota(folder: string): boolean {
  return onFolder(folder, (fd) => [0, -ENOENT].includes(tryCall("quotactl_fd", fd, GET_QUOTA, 1, pinned(DISK_QUOTA_BYTES))));
}

/** 0: of none. */
export function projectOf(folder: string): number {
  return onFolder(folder, (fd) => attributes(fd)?.getUint32(PROJECT_AT, true) ?? 0);
}

/** The folder and what is made in it from now on. @throws SyscallError */
export function setProject(folder: string, project: number): void {
  onFolder(folder, (fd) => {
    const view = attributes(fd) ?? new DataView(pinned(XATTR_BYTES).buffer);
    view.setUint32(0, view.getUint32(0, true) | PROJECT_INHERIT, true);
    view.setUint32(PROJECT_AT, project, true);
    call("ioctl", fd, FSSETXATTR, new Uint8Array(view.buffer));
  });
}

/** @param folder any on the file system @param limitBytes 0: none @throws SyscallError */
export function limitProject(folder: string, project: number, limitBytes: number): void {
  const quota = pinned(DISK_QUOTA_BYTES);
  const view = new DataView(quota.buffer);
  const blocks = BigInt(Math.ceil(limitBytes / BLOCK_BYTES));
  view.setInt8(0, QUOTA_VERSION);
  view.setInt8(1, OF_PROJECT);
  view.setUint16(2, BLOCK_LIMITS, true);
  view.setUint32(4, project, true);
  view.setBigUint64(8, blocks, true);
  view.setBigUint64(16, blocks, true);
  onFolder(folder, (fd) => call("quotactl_fd", fd, SET_LIMITS, project, quota));
}

function attributes(fd: number): DataView<ArrayBuffer> | undefined {
  const bytes = pinned(XATTR_BYTES);
  return tryCall("ioctl", fd, FSGETXATTR, bytes) < 0 ? undefined : new DataView(bytes.buffer);
}

function onFolder<T>(folder: string, act: (fd: number) => T): T {
  const fd = openat2(AT.FDCWD, folder, { flags: O.RDONLY | O.DIRECTORY });
  try {
    return act(fd);
  } finally {
    closeFd(fd);
  }
}
