import { chmodSync, closeSync, fchmodSync, mkdirSync, openSync, rmSync, symlinkSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { DIGEST_BYTES, type ContextIndex } from "../../layer-files/mod.ts";
import { AT, hasCode, mknodat, utimensat } from "../../linux/mod.ts";
import { compareEntryPaths, FILE_KIND, kindOfMode, readListing, type ListedEntry } from "../../spec/mod.ts";
import type { Slices } from "./slices.ts";

const PERMISSIONS = 0o7777;
const NO_DIGEST = new Uint8Array(DIGEST_BYTES);

/** A file whose content is to come. */
export interface WantedFile {
  /** Its place among all entries of the list. */
  readonly number: number;
  /** Its place among the regular files. */
  readonly file: number;
  readonly entry: ListedEntry;
}

export interface TreeChange {
  readonly wanted: readonly WantedFile[];
  /** Of the files that stay; zeros of those that are to come. */
  readonly digests: Uint8Array;
  readonly sizeBytes: number;
  readonly folders: readonly ListedEntry[];
}

/**
 * Makes a tree like `listing`, but for the content of files: what is not listed or is something else goes, folders, links and FIFOs are
 * made. Both lists are checked to lead nowhere else, and nobody else writes in the tree.
 */
export async function changeTree(tree: string, before: ContextIndex | undefined, listing: Uint8Array, slices: Slices): Promise<TreeChange> {
  const old = new OldEntries(tree, before);
  const wanted: WantedFile[] = [];
  const folders: ListedEntry[] = [];
  const digests: Uint8Array[] = [];
  let sizeBytes = 0;
  let number = 0;
  for (const entry of readListing(listing)) {
    const kind = kindOfMode(entry.mode);
    const kept = old.keep(entry);
    if (kind === FILE_KIND.file) {
      sizeBytes += entry.size;
      if (!kept) wanted.push({ number, file: digests.length, entry });
      digests.push(kept ?? NO_DIGEST);
    } else if (!kept) make(tree, entry, kind);
    if (kind === FILE_KIND.folder) folders.push(entry);
    number++;
    if (slices.due) await slices.next();
  }
  old.removeRest();
  return { wanted, digests: Buffer.concat(digests), sizeBytes, folders };
}

/** Modes and times of folders, after all changes in them. */
export async function finishFolders(tree: string, folders: readonly ListedEntry[], slices: Slices): Promise<void> {
  for (const entry of folders) {
    chmodSync(join(tree, entry.path), entry.mode & PERMISSIONS);
    setTime(tree, entry);
    if (slices.due) await slices.next();
  }
}

/** A new file, in place of nothing; never one that is there, for that may be a layer's too. */
export function createFile(tree: string, { path }: ListedEntry): number {
  const place = join(tree, path);
  try {
    return openSync(place, "wx", 0o600);
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
    unlinkSync(place);
    return openSync(place, "wx", 0o600);
  }
}

/** Mode and time, then closed. */
export function finishFile(tree: string, fd: number, entry: ListedEntry): void {
  fchmodSync(fd, entry.mode & PERMISSIONS);
  closeSync(fd);
  setTime(tree, entry);
}

/** By the system call: the runtime's own functions take five times as long. */
function setTime(tree: string, { path, mtimeSeconds, mtimeNanoseconds }: ListedEntry): void {
  const timeNs = BigInt(mtimeSeconds) * 1_000_000_000n + BigInt(mtimeNanoseconds);
  utimensat(AT.FDCWD, join(tree, path), timeNs, timeNs);
}

function make(tree: string, entry: ListedEntry, kind: number): void {
  const place = join(tree, entry.path);
  if (kind === FILE_KIND.folder) return void mkdirSync(place, { mode: 0o700 });
  if (kind === FILE_KIND.link) symlinkSync(entry.linkTarget ?? "", place);
  else {
    mknodat(AT.FDCWD, place, FILE_KIND.fifo | 0o600);
    chmodSync(place, entry.mode & PERMISSIONS);
  }
  setTime(tree, entry);
}

/** What the tree held, read along with the new list. */
class OldEntries {
  readonly #tree: string;
  readonly #entries: Iterator<ListedEntry, void, void>;
  readonly #digests: Uint8Array;
  #current: ListedEntry | undefined;
  #file = 0;
  /** A removed folder, with the slash: what was in it went with it. */
  #gone: string | undefined;

  constructor(tree: string, index: ContextIndex | undefined) {
    this.#tree = tree;
    this.#entries = readListing(index?.listing ?? new Uint8Array(0), "checked");
    this.#digests = index?.digests ?? new Uint8Array(0);
    this.#advance();
  }

  /** Entries are asked for in order. @returns the digest (zeros of what is no file) when the tree has this one as it should be; otherwise nothing is in its place */
  keep(entry: ListedEntry): Uint8Array | undefined {
    for (let old = this.#current; old; old = this.#current) {
      const order = compareEntryPaths(old.path, entry.path);
      if (order > 0) return undefined;
      if (order < 0) {
        this.#remove(old);
        this.#advance();
        continue;
      }
      const digest = this.#digest(old);
      const kept = same(old, entry) && digest !== undefined;
      if (!kept) this.#remove(old);
      this.#advance();
      return kept ? digest : undefined;
    }
    return undefined;
  }

  removeRest(): void {
    for (let old = this.#current; old; old = this.#current) {
      this.#remove(old);
      this.#advance();
    }
  }

  /** Undefined of a file that never came. */
  #digest(old: ListedEntry): Uint8Array | undefined {
    if (kindOfMode(old.mode) !== FILE_KIND.file) return NO_DIGEST;
    const digest = this.#digests.subarray(this.#file * DIGEST_BYTES, (this.#file + 1) * DIGEST_BYTES);
    return digest.length === DIGEST_BYTES && digest.some((byte) => byte !== 0) ? digest : undefined;
  }

  #remove({ path, mode }: ListedEntry): void {
    if (this.#gone !== undefined && path.startsWith(this.#gone)) return;
    rmSync(join(this.#tree, path), { recursive: true, force: true });
    if (kindOfMode(mode) === FILE_KIND.folder) this.#gone = `${path}/`;
  }

  #advance(): void {
    if (this.#current && kindOfMode(this.#current.mode) === FILE_KIND.file) this.#file++;
    this.#current = this.#entries.next().value ?? undefined;
  }
}

function same(old: ListedEntry, entry: ListedEntry): boolean {
  // A folder's mode and time are set anew in any case.
  if (kindOfMode(old.mode) === FILE_KIND.folder) return kindOfMode(entry.mode) === FILE_KIND.folder;
  return old.mode === entry.mode && old.size === entry.size && old.mtimeSeconds === entry.mtimeSeconds && old.mtimeNanoseconds === entry.mtimeNanoseconds && old.linkTarget === entry.linkTarget;
}
