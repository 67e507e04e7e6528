import { readFileSync } from "node:fs";
import { AT, closeFd, fstat, O, openat2, RESOLVE, S } from "../linux/mod.ts";
import type { ProcessSpec } from "../spec/mod.ts";

const MAX_PASSWD_BYTES = 1024 * 1024;

/** A process without HOME has its user's by the root's passwd file, or `/`, as with runc and crun. */
export function withHome(process: ProcessSpec, rootfs: string): ProcessSpec {
  if (process.env.some((entry) => entry.startsWith("HOME="))) return process;
  const line = readPasswd(rootfs).split("\n").map((text) => text.split(":")).find((fields) => fields[2] === String(process.user.uid));
  return { ...process, env: [...process.env, `HOME=${line?.[5] || "/"}`] };
}

/** The root is somebody else's: no link leads out of it, nothing that blocks is opened, nothing large read. */
function readPasswd(rootfs: string): string {
  let root = -1;
  let fd = -1;
  try {
    root = openat2(AT.FDCWD, rootfs, { flags: O.PATH | O.DIRECTORY });
    fd = openat2(root, "etc/passwd", { flags: O.RDONLY | O.NONBLOCK | O.NOCTTY, resolve: RESOLVE.IN_ROOT | RESOLVE.NO_MAGICLINKS });
    const { mode, size } = fstat(fd);
    return (mode & S.IFMT) === S.IFREG && size <= MAX_PASSWD_BYTES ? readFileSync(fd, "utf8") : "";
  } catch {
    return "";
  } finally {
    for (const open of [root, fd]) if (open >= 0) closeFd(open);
  }
}
