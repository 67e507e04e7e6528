import { EngineError } from "../base/mod.ts";
import { AT, closeFd, copyFile, fchmod, fchmodat, fchownat, fstat, hasCode, linkat, mknodat, O, openat2, RESOLVE, S, symlinkat, unlinkat, utimensat, type Stat } from "../linux/mod.ts";
import type { ListedCopy } from "./listed-copy.ts";
import { isFolder, joined, kindOf, linkText, nameBytes, openFile, type MergedEntry, type MergedFolder } from "./merged-folder.ts";
import { copyXattrs, type Owner, type TargetFolder } from "./target-folder.ts";

export interface CopyRules {
  /** `source`: everything keeps its own. */
  readonly owner: Owner | "source";
  readonly mode: ((mode: number, isFolder: boolean) => number) | undefined;
  /** True for what stays out; `path` is relative to the source. */
  readonly excludes: ((path: string, isFolder: boolean) => "no" | "yes" | "butLookInside") | undefined;
  /** Whether the file may be the same on disk as its source; `place` is its path in the layer. */
  readonly mayShare: (entry: MergedEntry, place: string) => boolean;
  /** Numbers of the source's layers, top first; none of a context. */
  readonly layers: readonly number[];
  /** Takes what it can without a look at it. */
  readonly listed?: ListedCopy | undefined;
}

/** What was copied, for whoever accounts for it. */
export interface CopyCount {
  entries: number;
  bytes: number;
  /** Numbers of the source's layers that now share files with the target; -1: a context. */
  readonly shared: Set<number>;
  /** Files that the target now has in common with others. */
  readonly inodes: Set<bigint>;
}

const NOT_SHARABLE = ["EXDEV", "EMLINK", "EPERM", "EOPNOTSUPP"] as const;

/** Copies trees of one input into a layer: their times and attributes, with the owner and mode that were asked for. */
export class Copier {
  readonly #names = new Map<string, { readonly place: string; readonly source: string }>();

  constructor(
    readonly rules: CopyRules,
    /** The layer's own root. */
    readonly rootFd: number,
    readonly count: CopyCount,
    readonly onFolder: () => void,
  ) {}

  /** Anything but a folder. */
  put(entry: MergedEntry, target: TargetFolder, name: string): void {
    target.clear(name);
    switch (kindOf(entry.stat)) {
      case S.IFREG:
        this.#file(entry, target, name);
        break;
      case S.IFLNK:
        symlinkat(nameBytes(linkText(entry)), target.fd, nameBytes(name));
        this.#describe(entry.stat, target, name, false);
        break;
      case S.IFSOCK:
        return;
      default:
        mknodat(target.fd, nameBytes(name), entry.stat.mode, entry.stat.rdevMajor, entry.stat.rdevMinor);
        this.#describe(entry.stat, target, name, true);
    }
    this.count.entries++;
    this.count.bytes += kindOf(entry.stat) === S.IFREG ? entry.stat.size : 0;
  }

  /** Everything in a folder, merged with what is at the target. */
  contents(source: MergedFolder, target: TargetFolder, relative = ""): void {
    this.onFolder();
    for (const entry of this.rules.listed?.link(source, target) ?? source.entries()) {
      const path = joined(relative, entry.name);
      const folder = isFolder(entry.stat);
      const verdict = this.rules.excludes?.(path, folder) ?? "no";
      if (verdict === "yes" || (verdict === "butLookInside" && !folder)) continue;
      if (!folder) {
        this.put(entry, target, entry.name);
        continue;
      }
      using from = source.enter(entry.name);
      if (!from) continue;
      if (verdict === "butLookInside" && !this.#keepsSomething(from, path)) continue;
      using to = target.enter(entry.name) ?? target.make(entry.name);
      this.contents(from, to, path);
      this.describeFolder(from, to);
    }
  }

  /** Owner, mode, attributes and time of the source's folder. */
  describeFolder(source: MergedFolder, target: TargetFolder): void {
    const { mode: change } = this.rules;
    const { stat } = source;
    const [top] = source.parts;
    if (!stat || !top) return;
    const owner = this.#ownerOf(stat);
    fchownat(target.fd, "", owner.uid, owner.gid, AT.EMPTY_PATH);
    fchmod(target.fd, change ? change(stat.mode, true) & 0o7777 : stat.mode & 0o7777);
    copyXattrs(top.fd, target.fd);
    target.mtimeNs = stat.mtimeNs;
    this.count.entries++;
  }

  #ownerOf(stat: Stat): Owner {
    return this.rules.owner === "source" ? stat : this.rules.owner;
  }

  #keepsSomething(folder: MergedFolder, relative: string): boolean {
    return folder.entries().some((entry) => {
      const path = joined(relative, entry.name);
      const verdict = this.rules.excludes?.(path, isFolder(entry.stat)) ?? "no";
      if (verdict !== "butLookInside" || !isFolder(entry.stat)) return verdict === "no";
      using inside = folder.enter(entry.name);
      return inside !== undefined && this.#keepsSomething(inside, path);
    });
  }

  #file(entry: MergedEntry, target: TargetFolder, name: string): void {
    const { stat } = entry;
    const key = `${stat.dev}:${stat.ino}`;
    if (stat.nlink > 1) {
      // A file that is taken twice, by way of a link, is two files: only other names of it are other names here.
      const source = `${fstat(entry.parent.fd).ino}/${entry.name}`;
      const first = this.#names.get(key);
      if (first !== undefined && first.source !== source) return linkat(this.rootFd, nameBytes(first.place), target.fd, nameBytes(name));
      this.#names.set(key, { place: joined(target.path, name), source });
    }
    if (this.#mayShare(entry, joined(target.path, name)) && share(entry, target, name)) {
      this.count.inodes.add(stat.ino);
      this.count.shared.add(this.rules.layers[entry.parent.layer] ?? -1);
      return;
    }
    this.#copy(entry, target, name);
  }

  /** Same owner and mode, and no file of the same layers below, which would then be one with this. */
  #mayShare(entry: MergedEntry, place: string): boolean {
    const { mode, mayShare } = this.rules;
    const { stat } = entry;
    const owner = this.#ownerOf(stat);
    const wanted = mode ? mode(stat.mode, false) & 0o7777 : stat.mode & 0o7777;
    return stat.uid === owner.uid && stat.gid === owner.gid && wanted === (stat.mode & 0o7777) && !this.count.inodes.has(stat.ino) && mayShare(entry, place);
  }

  #copy(entry: MergedEntry, target: TargetFolder, name: string): void {
    const from = openFile(entry);
    try {
      const to = openat2(target.fd, nameBytes(name), { flags: O.WRONLY | O.CREAT | O.EXCL | O.NOFOLLOW, mode: 0o600, resolve: RESOLVE.BENEATH });
      try {
        copyFile(from, to, entry.stat.size);
        const { mode: change } = this.rules;
        const { stat } = entry;
        const owner = this.#ownerOf(stat);
        if (owner.uid !== 0 || owner.gid !== 0) fchownat(to, "", owner.uid, owner.gid, AT.EMPTY_PATH);
        fchmod(to, change ? change(stat.mode, false) & 0o7777 : stat.mode & 0o7777);
        copyXattrs(from, to);
        utimensat(to, "", stat.mtimeNs, stat.mtimeNs, AT.EMPTY_PATH);
      } finally {
        closeFd(to);
      }
    } catch (error) {
      if (hasCode(error, "ENOSPC", "EDQUOT")) throw new EngineError("System", `no space left on device: /${joined(target.path, name)} could not be copied`, { cause: error });
      throw error;
    } finally {
      closeFd(from);
    }
  }

  /** Of what has no descriptor. */
  #describe(stat: Stat, target: TargetFolder, name: string, hasMode: boolean): void {
    const { mode: change } = this.rules;
    const { mode, mtimeNs } = stat;
    const owner = this.#ownerOf(stat);
    if (owner.uid !== 0 || owner.gid !== 0) fchownat(target.fd, nameBytes(name), owner.uid, owner.gid, AT.SYMLINK_NOFOLLOW);
    if (hasMode) fchmodat(target.fd, nameBytes(name), (change ? change(mode, false) : mode) & 0o7777);
    utimensat(target.fd, nameBytes(name), mtimeNs, mtimeNs);
  }
}

/** False where the file systems or the kernel do not do it. */
function share(entry: MergedEntry, target: TargetFolder, name: string): boolean {
  try {
    linkat(entry.parent.fd, nameBytes(entry.name), target.fd, nameBytes(name));
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) unlinkat(target.fd, nameBytes(name));
    else if (!hasCode(error, ...NOT_SHARABLE)) throw error;
    return false;
  }
}
