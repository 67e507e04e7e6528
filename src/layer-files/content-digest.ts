import { closeFd, readFd, S, type Stat } from "../linux/mod.ts";
import { contentLine, digestOfLines } from "./content-lines.ts";
import { fileDigest, folderDigest, linkDigest, nodeDigest } from "./entry-digest.ts";
import { excluderOf } from "./excludes.ts";
import { isFolder, joined, kindOf, linkText, openFile, type MergedEntry, type MergedFolder } from "./merged-folder.ts";
import type { MergedTree } from "./merged-tree.ts";
import { select, type CopyAction } from "./selection.ts";

/** The digest of what a copy would take, by content. @throws EngineError NotFound */
export function contentOf(tree: MergedTree, action: CopyAction, check: () => void): string {
  const excludes = excluderOf(action.exclude);
  const lines: string[] = [];
  for (const { path, name, stat } of select(tree, action)) {
    if (isFolder(stat)) {
      const folder = tree.folder(path);
      lines.push(contentLine(textOf(name), owned(folderDigest(stat.mode), stat), folder ? insideOf(folder, "", { check, excludes }) : ""));
      continue;
    }
    const entry = tree.entry(path);
    if (entry && excludes?.(path.slice(path.lastIndexOf("/") + 1), false) !== "yes") lines.push(contentLine(textOf(name), entryDigest(entry)));
  }
  return digestOfLines(lines);
}

interface Walk {
  readonly check: () => void;
  readonly excludes: ReturnType<typeof excluderOf>;
}

function insideOf(folder: MergedFolder, relative: string, walk: Walk): string {
  walk.check();
  const lines: string[] = [];
  for (const entry of folder.entries()) {
    const path = joined(relative, entry.name);
    const verdict = walk.excludes?.(path, isFolder(entry.stat)) ?? "no";
    if (verdict === "yes") continue;
    const inside = isFolder(entry.stat) ? withinFolder(folder, entry.name, path, walk) : undefined;
    if (verdict === "no") lines.push(contentLine(textOf(entry.name), entryDigest(entry), inside));
    else if (inside) lines.push(contentLine(textOf(entry.name), "", inside));
  }
  return lines.length === 0 ? "" : digestOfLines(lines);
}

function withinFolder(folder: MergedFolder, name: string, path: string, walk: Walk): string {
  using inside = folder.enter(name);
  return inside ? insideOf(inside, path, walk) : "";
}

const textOf = (name: string): string => Buffer.from(name, "latin1").toString("utf8");

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
