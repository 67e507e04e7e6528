import { closeSync, openSync, unlinkSync, writeSync } from "node:fs";

/** `--cidfile`: made before the container, so that two runs never share one; removed again if nothing was written. */
export function openCidFile(path: string): { write(id: string): void; close(): void } {
  let fd: number;
  try {
    fd = openSync(path, "wx", 0o666);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "EEXIST") throw new Error(`container ID file found, make sure the other container isn't running or delete ${path}`);
    throw new Error(`failed to create the container ID file: open ${path}: ${code === "ENOENT" ? "no such file or directory" : String(code)}`);
  }
  let written = false;
  return {
    write(id) {
      writeSync(fd, id);
      written = true;
    },
    close() {
      closeSync(fd);
      if (!written) unlinkSync(path);
    },
  };
}
