import { join } from "node:path";
import { EngineError } from "../base/mod.ts";
import { AT, closeFd, fchmod, fchownat, linkat, mknodat, O, openat2, readDirectory, readFd, RESOLVE, S, writeFd } from "../linux/mod.ts";
import { removeAt } from "../archive/mod.ts";
import { looksLikeArchive } from "./archive-check.ts";
import { Copier, type CopyCount } from "./copier.ts";
import { excluderOf } from "./excludes.ts";
import type { FileJob, FilesDone, JobAction, JobInput, PendingArchive } from "./file-job.ts";
import { findOwner } from "./find-owner.ts";
import { isFolder, joined, kindOf, MergedFolder, nameBytes, openFile, openFolderAt, statOf, type MergedEntry } from "./merged-folder.ts";
import { ListedCopy } from "./listed-copy.ts";
import { MergedTree } from "./merged-tree.ts";
import { modeChange } from "./mode-change.ts";
import { seal } from "./seal.ts";
import { select, type CopyAction, type Selected } from "./selection.ts";
import { TargetFolder, type Owner } from "./target-folder.ts";
import { hasWildcards } from "./wildcards.ts";

type FilesJob = Extract<FileJob, { kind: "files" }>;

/** Does the actions of one vertex, one after the other, in the folder of a new layer. */
export function runFileActions(job: FilesJob, check: () => void): FilesDone {
  using work = new LayerWork(job, check);
  for (const action of job.actions) work.act(action);
  return work.done(job.seals);
}

class LayerWork implements Disposable {
  readonly #job: FilesJob;
  readonly #check: () => void;
  readonly #upper: number;
  readonly #base: MergedTree;
  /** The base with what was written so far. */
  readonly #view: MergedTree;
  readonly #inputs: (MergedTree | undefined)[];
  readonly #count: CopyCount = { entries: 0, bytes: 0, shared: new Set(), inodes: new Set() };
  readonly #archives: PendingArchive[] = [];
  readonly #warnings = new Set<string>();
  #belowInodes: ReadonlySet<bigint> | undefined;
  #listed: ListedCopy | undefined;

  constructor(job: FilesJob, check: () => void) {
    this.#job = job;
    this.#check = check;
    this.#upper = openat2(AT.FDCWD, job.upper, { flags: O.RDONLY | O.DIRECTORY });
    this.#base = new MergedTree(job.base.folders);
    this.#view = new MergedTree([job.upper, ...job.base.folders]);
    this.#inputs = job.inputs.map(() => undefined);
  }

  [Symbol.dispose](): void {
    for (const tree of [this.#base, this.#view, ...this.#inputs]) {
      tree?.forget();
      tree?.[Symbol.dispose]();
    }
    closeFd(this.#upper);
    this.#listed?.[Symbol.dispose]();
  }

  done(seals: boolean): FilesDone {
    const sealed = seals && this.#archives.length === 0 ? seal(this.#upper, this.#check, { counted: this.#counted(), inside: (name, packer) => this.#listed?.members(name, this.#upper, packer) }) : undefined;
    if (sealed) this.#listed?.remember();
    return { sealed, archives: this.#archives, sharing: [...this.#count.shared, ...(this.#listed?.shares ? [-1] : [])], warnings: [...this.#warnings], copied: this.#listed?.copied };
  }

  /** Copies count what they do; of anything else, and of copies over copies, the folder itself tells. */
  #counted(): { readonly entries: number; readonly bytes: number } | undefined {
    const [only] = this.#job.actions;
    return this.#job.actions.length === 1 && only?.action === "copy" ? { entries: this.#count.entries + (this.#listed?.entries ?? 0), bytes: this.#count.bytes + (this.#listed?.bytes ?? 0) } : undefined;
  }

  #owner(text: string): Owner {
    return findOwner(text, this.#base, (sentence) => this.#warnings.add(sentence));
  }

  act(action: JobAction): void {
    this.#view.forget();
    switch (action.action) {
      case "copy":
        return this.#copy(action);
      case "makeFile":
        return this.#makeFile(action);
      case "makeFolder":
        return this.#makeFolder(action);
      case "remove":
        return this.#remove(action);
      default:
        action satisfies never;
    }
  }

  #copy(action: CopyAction): void {
    const input = this.#job.inputs[action.input];
    const tree = this.#tree(action.input);
    if (!input || !tree) throw new EngineError("System", "a copy of an input that the operation does not have");
    const owner = this.#owner(action.owner);
    const copier = new Copier({ owner: action.owner === "" ? "source" : owner, mode: modeChange(action.mode), excludes: excluderOf(action.exclude), mayShare: (entry, place) => !isJudged(place) && this.#mayShare(input, entry), layers: input.layers, listed: this.#listedOf(input, action) }, this.#upper, this.#count, this.#check);
    for (const each of select(tree, action)) {
      this.#view.forget();
      this.#copyOne(copier, tree, each, action, owner);
    }
  }

  /** Only where every file is taken as it is, and just once. */
  #listedOf({ listed }: JobInput, { owner, mode, exclude, parents, sources }: CopyAction): ListedCopy | undefined {
    const plain = owner === "" && mode === "" && exclude.length === 0 && !parents && sources.length === 1 && !hasWildcards(sources[0] ?? "");
    if (!listed || !plain || this.#job.actions.length !== 1 || this.#job.sharing.length > 0) return undefined;
    this.#listed = ListedCopy.open(listed, (place) => !isJudged(place));
    return this.#listed;
  }

  #copyOne(copier: Copier, tree: MergedTree, { path, name, stat }: Selected, action: CopyAction, owner: Owner): void {
    const target = this.#view.resolve(action.target, true);
    const intoFolder = action.targetIsFolder || action.parents || (target.stat !== undefined && isFolder(target.stat));
    if (isFolder(stat)) {
      const place = name === "" || (!intoFolder && !action.parents) ? target.path : this.#view.resolve(joined(target.path, name), true).path;
      const old = this.#view.resolve(place, true).stat;
      if (old && !isFolder(old)) throw new EngineError("InvalidParameter", `cannot copy to non-directory: /${place}`);
      this.#inFolder(place, owner, (folder) => {
        const isDone = this.#bySpare(path, tree, folder, copier);
        const source = tree.folder(path);
        if (!source) return;
        if (!isDone) copier.contents(source, folder);
        if (old) return;
        if (name !== "") return copier.describeFolder(source, folder);
        // A folder whose content alone was asked for gives the target nothing else.
        if (action.mode !== "") fchmod(folder.fd, modeChange(action.mode)?.(0o755, true) ?? 0o755);
      });
      return;
    }
    const entry = tree.entry(path);
    if (!entry) return;
    const base = path.slice(path.lastIndexOf("/") + 1);
    if (copier.rules.excludes?.(base, false) === "yes") return;
    const place = intoFolder ? joined(target.path, name) : target.path;
    if (action.unpack && this.#deferArchive(entry, target.path, owner, action.owner !== "")) return;
    if (place === "") throw new EngineError("InvalidParameter", "cannot replace to directory / with file");
    const slash = place.lastIndexOf("/");
    this.#inFolder(slash < 0 ? "" : place.slice(0, slash), owner, (folder) => copier.put(entry, folder, place.slice(slash + 1)));
  }

  #bySpare(path: string, tree: MergedTree, folder: TargetFolder, { rules }: Copier): boolean {
    if (!this.#listed) return false;
    // What is put anew is counted with all the rest, and need not be looked for in the list.
    const copier = new Copier({ ...rules, listed: undefined }, this.#upper, { ...this.#count, entries: 0, bytes: 0 }, this.#check);
    return this.#listed.takeSpare(path, tree, folder, copier, join(this.#job.upper, "../spare"));
  }

  /** ADD: unpacked later, by a process that sees the merged root. */
  #deferArchive(entry: MergedEntry, target: string, owner: Owner, given: boolean): boolean {
    if (kindOf(entry.stat) !== S.IFREG) return false;
    const fd = openFile(entry);
    try {
      if (!looksLikeArchive(fd)) return false;
    } finally {
      closeFd(fd);
    }
    const archives = openat2(AT.FDCWD, this.#job.archives, { flags: O.RDONLY | O.DIRECTORY });
    try {
      const name = String(this.#archives.length);
      putPlain(entry, archives, name);
      this.#archives.push({ file: `${this.#job.archives}/${name}`, target, owner: given ? owner : undefined });
    } finally {
      closeFd(archives);
    }
    this.#inFolder(target, owner, () => undefined);
    return true;
  }

  #makeFile({ path, content, owner: ownerText, mode }: Extract<JobAction, { action: "makeFile" }>): void {
    const owner = this.#owner(ownerText);
    const place = this.#view.resolve(path, true);
    const slash = place.path.lastIndexOf("/");
    if (place.path === "") throw new EngineError("InvalidParameter", "cannot replace to directory / with file");
    this.#inFolder(slash < 0 ? "" : place.path.slice(0, slash), owner, (folder) => {
      const name = place.path.slice(slash + 1);
      folder.clear(name);
      const fd = openat2(folder.fd, nameBytes(name), { flags: O.WRONLY | O.CREAT | O.EXCL | O.NOFOLLOW, mode: 0o600, resolve: RESOLVE.BENEATH });
      try {
        writeFd(fd, Buffer.from(content, "base64"));
        if (owner.uid !== 0 || owner.gid !== 0) fchownat(fd, "", owner.uid, owner.gid, AT.EMPTY_PATH);
        fchmod(fd, modeChange(mode)?.(0o644, false) ?? 0o644);
      } finally {
        closeFd(fd);
      }
    });
  }

  /** With the folders above it; one that is there stays as it is. */
  #makeFolder({ path, owner: ownerText, mode }: Extract<JobAction, { action: "makeFolder" }>): void {
    const place = this.#view.resolve(path, true);
    if (place.stat && isFolder(place.stat)) return;
    if (place.stat) throw new EngineError("InvalidParameter", `mkdir ${path}: not a directory`);
    const owner = this.#owner(ownerText);
    this.#inFolder(place.path, owner, (folder) => fchmod(folder.fd, mode & 0o7777));
  }

  #remove({ path, missingIsFine }: Extract<JobAction, { action: "remove" }>): void {
    const place = this.#view.resolve(path, false);
    if (!place.stat || place.path === "") {
      if (missingIsFine) return;
      throw new EngineError("NotFound", `lstat ${path}: no such file or directory`);
    }
    const slash = place.path.lastIndexOf("/");
    const name = place.path.slice(slash + 1);
    this.#inFolder(slash < 0 ? "" : place.path.slice(0, slash), { uid: 0, gid: 0 }, (folder) => {
      removeAt(folder.fd, nameBytes(name));
      if (folder.below?.child(name)) mknodat(folder.fd, nameBytes(name), S.IFCHR, 0, 0);
    });
  }

  /** The folder at a path without links, made with all above it where it is missing. */
  #inFolder(path: string, owner: Owner, act: (folder: TargetFolder) => void): void {
    using opened = new DisposableStack();
    // The root is closed by its owner: what is handed on are descriptors of its own.
    const rootFd = openat2(this.#upper, ".", { flags: O.RDONLY | O.DIRECTORY });
    const below = new MergedFolder(this.#base.root.parts.map(({ fd, layer }) => ({ fd: openat2(fd, ".", { flags: O.RDONLY | O.DIRECTORY }), layer })), "");
    let folder = opened.use(new TargetFolder(rootFd, below.parts.length > 0 ? below : undefined, "", false));
    for (const part of path.split("/").filter((name) => name !== "")) {
      const shown = folder.child(part);
      if (shown && !isFolder(shown)) throw new EngineError("InvalidParameter", `mkdir /${joined(folder.path, part)}: not a directory`);
      const entered = folder.enter(part);
      const next = opened.use(entered ?? folder.make(part));
      if (!entered) {
        fchownat(next.fd, "", owner.uid, owner.gid, AT.EMPTY_PATH);
        fchmod(next.fd, 0o755);
      }
      folder = next;
    }
    act(folder);
  }

  #tree(input: number): MergedTree | undefined {
    const source = this.#job.inputs[input];
    return source && (this.#inputs[input] ??= new MergedTree(source.folders));
  }

  /** Programs take two names of one file for the same thing: within one root no file is shared. */
  #mayShare(input: JobInput, entry: MergedEntry): boolean {
    const layer = input.layers[entry.parent.layer];
    if (layer !== undefined && this.#job.base.layers.includes(layer)) return false;
    if (entry.stat.nlink === 1 || this.#job.sharing.length === 0) return true;
    this.#belowInodes ??= inodesBelow(this.#job.sharing, this.#check);
    return !this.#belowInodes.has(entry.stat.ino);
  }
}

/** Programs that read their settings here refuse files with several names: cron does. */
const isJudged = (place: string): boolean => place.startsWith("etc/") || place.startsWith("var/spool/");

function inodesBelow(folders: readonly string[], check: () => void): ReadonlySet<bigint> {
  const found = new Set<bigint>();
  const visit = (fd: number): void => {
    check();
    for (const { name: bytes } of readDirectory(fd)) {
      const name = Buffer.from(bytes).toString("latin1");
      const stat = statOf(fd, name);
      if (!stat) continue;
      if (isFolder(stat)) {
        const child = openFolderAt(fd, name);
        if (child === undefined) continue;
        visit(child);
        closeFd(child);
      } else if (stat.nlink > 1) found.add(stat.ino);
    }
  };
  for (const folder of folders) {
    const fd = openat2(AT.FDCWD, folder, { flags: O.RDONLY | O.DIRECTORY });
    visit(fd);
    closeFd(fd);
  }
  return found;
}

function putPlain(entry: MergedEntry, folder: number, name: string): void {
  try {
    linkat(entry.parent.fd, nameBytes(entry.name), folder, nameBytes(name));
  } catch {
    // Another file system, or too many names: a copy does as well.
    const from = openFile(entry);
    const to = openat2(folder, nameBytes(name), { flags: O.WRONLY | O.CREAT | O.EXCL, mode: 0o600 });
    const buffer = new Uint8Array(new ArrayBuffer(1024 * 1024));
    for (let length = readFd(from, buffer); length > 0; length = readFd(from, buffer)) writeFd(to, buffer.subarray(0, length));
    closeFd(from);
    closeFd(to);
  }
}
