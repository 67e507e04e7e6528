import { detachMount, mountFileSystem, mountsIn, SyscallError, type FileSystemMount } from "../linux/mod.ts";

/** What `hako __mount` is asked for, as JSON in its argument. */
export type MountWork = { readonly kind: "mount"; readonly mount: FileSystemMount } | { readonly kind: "unmount"; readonly target: string };

const NOT_MOUNTED = 22;
const FAILED = 255;

/**
 * The hidden command `hako __mount <work>`: a mount or unmount among the host's own mounts, in a process that may wait for a server that does not
 * answer. Its exit code is the kernel's error number.
 */
export const mountMain = (args: readonly string[]): number => mountErrno(JSON.parse(args[0] ?? "") as MountWork);

/** @returns 0 or the kernel's error number */
export function mountErrno(work: MountWork): number {
  try {
    if (work.kind === "mount") mountFileSystem(work.mount);
    else detachMount(work.target);
    return 0;
  } catch (error) {
    if (!(error instanceof SyscallError)) return FAILED;
    // What is not mounted need not be unmounted.
    return work.kind === "unmount" && error.errno === NOT_MOUNTED ? 0 : error.errno;
  }
}

/** Unmounts all volumes, whoever uses them. @throws SyscallError */
export function detachVolumes(mounts: string): void {
  for (const path of mountsIn(mounts).toReversed()) detachMount(path);
}
