import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";

/** Bytes of the files below a folder, each hard-linked file once. Files that vanish meanwhile count nothing. */
export async function folderBytes(root: string): Promise<number> {
  const seen = new Set<string>();
  const pending = [root];
  let total = 0;
  for (let dir = pending.pop(); dir !== undefined; dir = pending.pop()) {
    for (const entry of await readdir(dir, { withFileTypes: true }).catch(() => [])) {
      const path = join(dir, entry.name);
      if (entry.isDirectory()) pending.push(path);
      else total += await fileBytes(path, seen);
    }
  }
  return total;
}

async function fileBytes(path: string, seen: Set<string>): Promise<number> {
  // A file that has gone meanwhile takes no space, ignoring.
  const stat = await lstat(path).catch(() => undefined);
  if (!stat) return 0;
  if (stat.nlink > 1) {
    const key = `${stat.dev}:${stat.ino}`;
    if (seen.has(key)) return 0;
    seen.add(key);
  }
  return stat.size;
}
