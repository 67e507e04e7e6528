import { closeSync, fsyncSync, openSync } from "node:fs";

/** Makes renames and removals in a folder survive a power cut. */
export function syncFolder(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
