import { AT, closeFd, fchmod, fchownat, O, openat2 } from "../linux/mod.ts";
import { Copier } from "./copier.ts";
import type { FileJob } from "./file-job.ts";
import { MergedTree } from "./merged-tree.ts";
import { TwinCopy } from "./twin-copy.ts";
import { TargetFolder } from "./target-folder.ts";

/** The same layer once more, for another stack: its marks of overlay too. */
export function makeTwin({ from, to }: Extract<FileJob, { kind: "twin" }>, check: () => void): { shared: boolean } {
  const source = openat2(AT.FDCWD, from, { flags: O.RDONLY | O.DIRECTORY });
  const target = openat2(AT.FDCWD, to, { flags: O.RDONLY | O.DIRECTORY });
  try {
    return { shared: new TwinCopy(target, check).run(source, target) };
  } finally {
    closeFd(source);
    closeFd(target);
  }
}

/** What a cache mount begins with: a folder of an input; what is missing is an empty one. */
export function copyTree({ input, path, to, mode, uid, gid }: Extract<FileJob, { kind: "copyTree" }>, check: () => void): void {
  using tree = new MergedTree(input.folders);
  const target = openat2(AT.FDCWD, to, { flags: O.RDONLY | O.DIRECTORY });
  fchownat(target, "", uid, gid, AT.EMPTY_PATH);
  fchmod(target, mode & 0o7777);
  const source = tree.folder(tree.resolve(path, true).path);
  using folder = new TargetFolder(target, undefined, "", true);
  if (!source) return;
  new Copier({ owner: "source", mode: undefined, excludes: undefined, mayShare: () => false, layers: input.layers }, target, { entries: 0, bytes: 0, shared: new Set(), inodes: new Set() }, check).contents(source, folder);
}

