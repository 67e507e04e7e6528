import { closeFd, DT, fgetxattr, hasCode, O, openat2, readDirectory, RESOLVE, S, statx, type Stat } from "../linux/mod.ts";
import { EngineError } from "../base/mod.ts";
import { nameBytes } from "./entry.ts";

/** Docker's kinds: 0 modified, 1 added, 2 deleted. Paths one character per byte. */
export interface TreeChange {
  readonly path: string;
  readonly kind: 0 | 1 | 2;
}

export interface LayeredTree {
  /** The writable layer, with overlay's marks. */
  readonly upper: number;
  /** The files below it, merged; undefined when there are none. */
  readonly lower: number | undefined;
}

const MAX_DEPTH = 2048;

/**
 * What the writable layer makes different, as Docker tells it (moby archive.ChangesDirs): a file that was copied up and not changed is
 * none; a folder is changed where its owner or mode is, or something in it; of what is deleted only the top is named.
 */
export class TreeChanges {
  readonly #found: TreeChange[] = [];

  /** @param ignored paths that the engine itself makes in the writable layer: they count as having been there */
  constructor(
    readonly ignored: ReadonlySet<string>,
    /** Called in every folder; what it throws ends the walk. */
    readonly onFolder: () => void = () => undefined,
  ) {}

  of({ upper, lower }: LayeredTree): readonly TreeChange[] {
    this.#folder(upper, lower, "", 0);
    return this.#found;
  }

  /** True when something in the folder is different. */
  #folder(upper: number, lower: number | undefined, path: string, depth: number): boolean {
    if (depth > MAX_DEPTH) throw new EngineError("InvalidParameter", "the folders are nested too deep");
    this.onFolder();
    const before = this.#found.length;
    const entries = readDirectory(upper).map(({ name, type }) => ({ name: Buffer.from(name).toString("latin1"), type })).sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const { name, type } of entries) {
      if (lower === undefined && ALWAYS_NEW.has(type)) this.#newEntry(upper, `${path}/${name}`, name, type, depth);
      else this.#entry(upper, lower, `${path}/${name}`, name, depth);
    }
    if (lower !== undefined && isOpaque(upper)) this.#hidden(lower, new Set(entries.map(({ name }) => name)), path);
    return this.#found.length > before;
  }

  /** Where nothing was before, the folder's own listing says enough. */
  #newEntry(upper: number, path: string, name: string, type: number, depth: number): void {
    const at = this.#found.length;
    const existed = this.ignored.has(path);
    if (!existed) this.#add(path, 1);
    if (type === DT.DIR && this.#enter(upper, undefined, path, name, depth) && existed) this.#found.splice(at, 0, { path, kind: 0 });
  }

  #entry(upper: number, lower: number | undefined, path: string, name: string, depth: number): void {
    const now = statOf(upper, name);
    if (now === undefined) return;
    const old = lower === undefined ? undefined : statOf(lower, name);
    if (isWhiteout(now)) {
      if (old !== undefined) this.#add(path, 2);
      return;
    }
    const at = this.#found.length;
    const existed = old !== undefined || this.ignored.has(path);
    if (!existed) this.#add(path, 1);
    const modified = old !== undefined && differs(old, now);
    if (modified) this.#add(path, 0);
    if (!isFolder(now)) return;
    const inside = this.#enter(upper, old && isFolder(old) ? lower : undefined, path, name, depth);
    // A folder goes before what is in it.
    if (inside && existed && !modified) this.#found.splice(at, 0, { path, kind: 0 });
  }

  #enter(upper: number, lower: number | undefined, path: string, name: string, depth: number): boolean {
    const upperFd = openFolderAt(upper, name);
    if (upperFd === undefined) return false;
    const lowerFd = lower === undefined ? undefined : openFolderAt(lower, name);
    try {
      return this.#folder(upperFd, lowerFd, path, depth + 1);
    } finally {
      closeFd(upperFd);
      if (lowerFd !== undefined) closeFd(lowerFd);
    }
  }

  /** A folder made anew hides what was in the old one. */
  #hidden(lower: number, kept: ReadonlySet<string>, path: string): void {
    for (const entry of readDirectory(lower)) {
      const name = Buffer.from(entry.name).toString("latin1");
      if (!kept.has(name)) this.#add(`${path}/${name}`, 2);
    }
  }

  #add(path: string, kind: TreeChange["kind"]): void {
    this.#found.push({ path, kind });
  }
}

/** Character devices may be whiteouts. */
const ALWAYS_NEW = new Set<number>([DT.REG, DT.DIR, DT.LNK, DT.FIFO, DT.BLK, DT.SOCK]);

const isFolder = (stat: Stat): boolean => (stat.mode & S.IFMT) === S.IFDIR;
const isWhiteout = (stat: Stat): boolean => (stat.mode & S.IFMT) === S.IFCHR && stat.rdevMajor === 0 && stat.rdevMinor === 0;
const isOpaque = (folder: number): boolean => fgetxattr(folder, "trusted.overlay.opaque")?.[0] === 0x79;

function statOf(folder: number, name: string): Stat | undefined {
  try {
    return statx(folder, nameBytes(name));
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

function openFolderAt(folder: number, name: string): number | undefined {
  try {
    return openat2(folder, nameBytes(name), { flags: O.RDONLY | O.DIRECTORY | O.NOFOLLOW, resolve: RESOLVE.BENEATH });
  } catch (error) {
    // It was replaced since it was looked at.
    if (hasCode(error, "ENOENT", "ENOTDIR", "ELOOP")) return undefined;
    throw error;
  }
}

function differs(old: Stat, now: Stat): boolean {
  if (old.mode !== now.mode || old.uid !== now.uid || old.gid !== now.gid || old.rdevMajor !== now.rdevMajor || old.rdevMinor !== now.rdevMinor) return true;
  return !isFolder(now) && (old.size !== now.size || !sameTime(old.mtimeNs, now.mtimeNs));
}

/** A time without a fraction may be one that an archive has cut. */
function sameTime(a: bigint, b: bigint): boolean {
  const NS = 1_000_000_000n;
  return a === b || (a / NS === b / NS && (a % NS === 0n || b % NS === 0n));
}
