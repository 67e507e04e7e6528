import { spawn } from "node:child_process";
import { AT, O } from "./constants.ts";
import { closeFd, openat2, syncfs } from "./files.ts";

/** Writes back everything dirty of the file system that holds the path, without holding the event loop where coreutils' `sync` is at hand. */
export async function syncFileSystem(path: string): Promise<void> {
  const done = await new Promise<boolean>((resolve) => {
    const child = spawn("/bin/sync", ["-f", path], { stdio: "ignore", env: {} });
    child.on("error", () => resolve(false));
    child.on("close", (code) => resolve(code === 0));
  });
  if (done) return;
  const fd = openat2(AT.FDCWD, path, { flags: O.RDONLY | O.DIRECTORY });
  try {
    syncfs(fd);
  } finally {
    closeFd(fd);
  }
}
