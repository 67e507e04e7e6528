import { spawn } from "node:child_process";
import { closeFd, openat2, syncfs } from "./files.ts";
import { AT, O } from "./constants.ts";

/** Writes a file system's dirty pages back without holding up this thread: the wait is a child's. */
export async function syncFileSystem(path: string): Promise<void> {
  const code = await new Promise<number>((resolve) => {
    const child = spawn("/bin/sync", ["-f", path], { stdio: "ignore", env: {} });
    child.on("error", () => resolve(-1));
    child.on("close", (status) => resolve(status ?? -1));
  });
  if (code === 0) return;
  const fd = openat2(AT.FDCWD, path, { flags: O.RDONLY });
  try {
    syncfs(fd);
  } finally {
    closeFd(fd);
  }
}
