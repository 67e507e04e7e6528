import { closeFd, readFd, S, type Stat } from "../linux/mod.ts";
import { fileDigest, folderDigest, linkDigest, nodeDigest } from "./entry-digest.ts";
import { excluderOf } from "./excludes.ts";
import { isFolder, joined, kindOf, linkText, openFile, type MergedEntry, type MergedFolder } from "./merged-folder.ts";
import type { MergedTree } from "./merged-tree.ts";
import { select, type CopyAction } from "./selection.ts";

/** One line for each thing that a copy would take: its name at the new place, and what it is. */
export type ContentLine = (name: string, digest: string) => void;

/** What a copy would take, by content. @throws EngineError NotFound */
export function contentOf(tree: MergedTree, action: CopyAction, line: ContentLine, check: () => void): void {
  const excludes = excluderOf(action.exclude);
  for (const { path, name, stat } of select(tree, action)) {
    if (!isFolder(stat)) {
      const entry = tree.entry(path);
      if (entry && excludes?.(path.slice(path.lastIndexOf("/") + 1), false) !== "yes") line(name, entryDigest(entry));
      continue;
    }
    line(name, owned(folderDigest(stat.mode), stat));
    const folder = tree.folder(path);
    if (folder) walk(folder, name, "", { line, check, excludes });
  }
}

interface Walk {
  readonly line: ContentLine;
  readonly check: () => void;
  readonly excludes: ReturnType<typeof excluderOf>;
}

function walk(folder: MergedFolder, name: string, relative: string, { line, check, excludes }: Walk): void {
  check();
  for (const entry of folder.entries()) {
    const path = joined(relative, entry.name);
    const verdict = excludes?.(path, isFolder(entry.stat)) ?? "no";
    if (verdict === "yes") continue;
    if (verdict === "no") line(joined(name, path), entryDigest(entry));
    if (!isFolder(entry.stat)) continue;
    using inside = folder.enter(entry.name);
    if (inside) walk(inside, name, path, { line, check, excludes });
  }
}

/** A copy keeps the owner. Root's, as all of a context are, is not said. */
const owned = (digest: string, { uid, gid }: Pick<Stat, "uid" | "gid">): string => (uid === 0 && gid === 0 ? digest : `${digest} ${uid}:${gid}`);

export const entryDigest = (entry: MergedEntry): string => owned(plainDigest(entry), entry.stat);

function plainDigest(entry: MergedEntry): string {
  const { stat } = entry;
  switch (kindOf(stat)) {
    case S.IFDIR:
      return folderDigest(stat.mode);
    case S.IFLNK:
      return linkDigest(linkText(entry));
    case S.IFREG:
      return fileDigest(stat.mode, hashFile(entry));
    default:
      return nodeDigest(stat.mode, stat.rdevMajor, stat.rdevMinor);
  }
}

const buffer = new Uint8Array(new ArrayBuffer(1024 * 1024));

function hashFile(entry: MergedEntry): string {
  const hasher = new Bun.CryptoHasher("sha256");
  const fd = openFile(entry);
  try {
    for (let length = readFd(fd, buffer); length > 0; length = readFd(fd, buffer)) hasher.update(buffer.subarray(0, length));
  } finally {
    closeFd(fd);
  }
  return `sha256:${hasher.digest("hex")}`;
}
