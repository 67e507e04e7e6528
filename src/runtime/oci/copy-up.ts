import { readdirSync } from "node:fs";
import { EngineError } from "../../base/mod.ts";
import { AT, closeFd, fdPath, O, openat2, openProcessRoot, RESOLVE, SyscallError } from "../../linux/mod.ts";

const FOLDER = O.PATH | O.DIRECTORY;
const INSIDE = RESOLVE.IN_ROOT | RESOLVE.NO_MAGICLINKS;
const [FROM, INTO] = [3, 4];

/**
 * Copies what the root has at `destination` into the empty file system that a process has just mounted there (`tmpcopyup`). The process
 * stands still in a mount namespace of its own; both folders are found without leaving the root, and held.
 */
export async function copyUp(pid: number, rootfs: string, destination: string): Promise<void> {
  using fds = new DisposableStack();
  const hold = (fd: number): number => fds.adopt(fd, closeFd);
  const from = below(hold(openat2(AT.FDCWD, rootfs, { flags: FOLDER })), destination, hold);
  if (from === undefined || readdirSync(fdPath(from)).length === 0) return;
  const process = openProcessRoot(pid);
  if (process === undefined) throw new EngineError("System", `mount ${destination}: the process that mounts it has ended`);
  const root = hold(openat2(hold(process), rootfs.replace(/^\/+/, ""), { flags: FOLDER }));
  const into = below(root, destination, hold);
  if (into === undefined) throw new EngineError("System", `mount ${destination}: is not there`);
  const child = Bun.spawn(["cp", "--archive", "--no-clobber", "--one-file-system", "--", `${fdPath(FROM)}/.`, `${fdPath(INTO)}/`], { stdio: ["ignore", "ignore", "pipe", from, into] });
  const [said, code] = await Promise.all([new Response(child.stderr).text(), child.exited]);
  if (code !== 0) throw new EngineError("System", `mount ${destination}: its files could not be copied: ${said.trim().slice(0, 1000)}`);
}

function below(root: number, path: string, hold: (fd: number) => number): number | undefined {
  try {
    return hold(openat2(root, path, { flags: FOLDER, resolve: INSIDE }));
  } catch (error) {
    if (error instanceof SyscallError && (error.code === "ENOENT" || error.code === "ENOTDIR")) return undefined;
    throw error;
  }
}
