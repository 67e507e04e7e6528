import { readFileSync } from "node:fs";
import { callOn } from "./call.ts";
import { pathsOf } from "./mount-point.ts";

/** Flags of mount(2). */
export const MOUNT_FLAG = {
  RDONLY: 0x1, NOSUID: 0x2, NODEV: 0x4, NOEXEC: 0x8, SYNCHRONOUS: 0x10, REMOUNT: 0x20, MANDLOCK: 0x40, DIRSYNC: 0x80, NOATIME: 0x400, NODIRATIME: 0x800, BIND: 0x1000, REC: 0x4000,
  UNBINDABLE: 0x20000, PRIVATE: 0x40000, SLAVE: 0x80000, SHARED: 0x100000, RELATIME: 0x200000, STRICTATIME: 0x1000000,
} as const;

const MNT_DETACH = 2;
const UMOUNT_NOFOLLOW = 8;

export interface FileSystemMount {
  readonly source: string;
  /** A folder of the engine's own mount namespace. */
  readonly target: string;
  readonly type: string;
  /** MOUNT_FLAG bits. */
  readonly flags: number;
  /** What belongs to the file system, with commas between. */
  readonly data: string;
}

/** mount(2): blocks for as long as the file system takes. @throws SyscallError */
export function mountFileSystem({ source, target, type, flags, data }: FileSystemMount): void {
  callOn(target, "mount", source, target, type, flags, data);
}

/** Out of sight at once; the file system goes when nobody uses it any more. @throws SyscallError EINVAL when nothing is mounted there */
export function detachMount(target: string): void {
  callOn(target, "umount2", target, MNT_DETACH | UMOUNT_NOFOLLOW);
}

/** Where something is mounted directly in a folder, once for each mount. */
export function mountsIn(folder: string): string[] {
  return pathsOf(readFileSync("/proc/self/mountinfo", "utf8")).filter((path) => path.startsWith(`${folder}/`) && !path.slice(folder.length + 1).includes("/"));
}
