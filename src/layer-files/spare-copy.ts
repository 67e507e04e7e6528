import { removeAt } from "../archive/mod.ts";
import { AT, closeFd, O, openat2, readDirectory, renameat, RESOLVE } from "../linux/mod.ts";
import type { ContextIndex } from "./context-index.ts";
import type { Copier } from "./copier.ts";
import { changesIn } from "./list-changes.ts";
import { isFolder, joined, nameBytes, nameText } from "./merged-folder.ts";
import type { MergedTree } from "./merged-tree.ts";
import { spareTree } from "./spare.ts";
import { TargetFolder } from "./target-folder.ts";

export interface SpareCopy {
  /** What is taken, and the list of its files. */
  readonly spare: string;
  readonly before: ContextIndex;
  readonly after: ContextIndex;
  /** What is copied, by its path in the context; one character per byte. */
  readonly folder: string;
  readonly source: MergedTree;
  /** Nothing of the names in the spare is there. */
  readonly target: TargetFolder;
  readonly copier: Copier;
}

/** Moves the content of a spare to its place and makes it what the folder holds now. */
export function copyBySpare({ spare, before, after, folder, source, target, copier }: SpareCopy): void {
  moveContent(spareTree(spare), target);
  using places = new Places(target);
  /** Folders that are not as they were, be it by a change in them. */
  const touched = new Set<string>();
  for (const { change, path } of changesIn(Buffer.from(folder, "latin1").toString("utf8"), before, after)) {
    const place = Buffer.from(path, "utf8").toString("latin1");
    if (change === "stays") {
      touched.add(place);
      continue;
    }
    const slash = place.lastIndexOf("/");
    const [above, name] = slash < 0 ? ["", place] : [place.slice(0, slash), place.slice(slash + 1)];
    touched.add(above);
    removeAt(places.at(above).fd, nameBytes(name));
    if (change === "put") putBack(copier, source, within(folder, above), { target: places.at(above), name });
  }
  touched.delete("");
  for (const path of [...touched].sort().reverse()) {
    const from = source.folder(within(folder, path));
    if (from) copier.describeFolder(from, places.at(path));
  }
}

function moveContent(tree: string, target: TargetFolder): void {
  const from = openat2(AT.FDCWD, tree, { flags: O.RDONLY | O.DIRECTORY });
  try {
    for (const { name } of readDirectory(from)) renameat(from, name, target.fd, name);
  } finally {
    closeFd(from);
  }
}

function putBack(copier: Copier, source: MergedTree, folder: string, { target, name }: { readonly target: TargetFolder; readonly name: string }): void {
  const entry = source.entry(joined(folder, name));
  if (!entry) return;
  if (!isFolder(entry.stat)) return copier.put(entry, target, name);
  using from = source.folder(folder)?.enter(name);
  if (!from) return;
  using to = target.make(name);
  copier.contents(from, to);
  copier.describeFolder(from, to);
}

/** Nothing that a layer or one below it has goes by one of these names. */
export function areFree(names: readonly string[], target: TargetFolder): boolean {
  if (target.fresh) return true;
  const own = openat2(target.fd, ".", { flags: O.RDONLY | O.DIRECTORY });
  const taken = new Set(readDirectory(own).map(({ name }) => nameText(name)));
  closeFd(own);
  for (const { name } of target.below?.entries() ?? []) taken.add(name);
  return !names.some((name) => taken.has(name));
}

const within = (folder: string, path: string): string => (path === "" ? folder : joined(folder, path));

/** Folders of the new tree by their path in it; the one used last is open. */
class Places implements Disposable {
  readonly #top: TargetFolder;
  #path = "";
  #open: TargetFolder | undefined;

  constructor(top: TargetFolder) {
    this.#top = top;
  }

  at(path: string): TargetFolder {
    if (path === "") return this.#top;
    if (this.#open && this.#path === path) return this.#open;
    this.#open?.[Symbol.dispose]();
    this.#path = path;
    const fd = openat2(this.#top.fd, nameBytes(path), { flags: O.RDONLY | O.DIRECTORY | O.NOFOLLOW, resolve: RESOLVE.BENEATH | RESOLVE.NO_SYMLINKS });
    return (this.#open = new TargetFolder(fd, undefined, joined(this.#top.path, path), false));
  }

  [Symbol.dispose](): void {
    this.#open?.[Symbol.dispose]();
  }
}
