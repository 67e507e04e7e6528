import { chmodSync, closeSync, fchmodSync, mkdirSync, openSync, rmSync, symlinkSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { DIGEST_BYTES, knowsDigest, type ContextIndex } from "../../layer-files/mod.ts";
import { AT, hasCode, mknodat, utimensat } from "../../linux/mod.ts";
import { compareEntryPaths, FILE_KIND, ListingCursor, type ListedEntry } from "../../spec/mod.ts";
import type { Slices } from "./slices.ts";

const PERMISSIONS = 0o7777;
/** Entries looked at before others may have a turn. */
const STRIDE = 64;
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
  const entry = new ListingCursor(listing, false);
  const wanted: WantedFile[] = [];
  const folders: ListedEntry[] = [];
  const digests = new DigestColumn(before?.digests.length ?? 0);
  let sizeBytes = 0;
  for (let number = 0; entry.next(); number++) {
    const { kind } = entry;
    const kept = old.keep(entry);
    if (kind === FILE_KIND.file) {
      sizeBytes += entry.size;
      if (!kept) wanted.push({ number, file: digests.count, entry: entry.entry() });
      digests.add(kept ?? NO_DIGEST);
    } else if (!kept) make(tree, entry, kind);
    if (kind === FILE_KIND.folder) folders.push(entry.entry());
    if (number % STRIDE === 0 && slices.due) await slices.next();
  }
  old.removeRest();
  return { wanted, digests: digests.bytes(), sizeBytes, folders };
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
function setTime(tree: string, { path, mtimeSeconds, mtimeNanoseconds }: Pick<ListedEntry, "path" | "mtimeSeconds" | "mtimeNanoseconds">): void {
  const timeNs = BigInt(mtimeSeconds) * 1_000_000_000n + BigInt(mtimeNanoseconds);
  utimensat(AT.FDCWD, join(tree, path), timeNs, timeNs);
}

function make(tree: string, entry: Omit<ListedEntry, "size">, kind: number): void {
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
  readonly #digests: Uint8Array;
  readonly #entry: ListingCursor;
  #hasEntry: boolean;
  #file = 0;
  /** A removed folder, with the slash: what was in it went with it. */
  #gone: string | undefined;

  constructor(tree: string, index: ContextIndex | undefined) {
    this.#tree = tree;
    this.#digests = index?.digests ?? new Uint8Array(0);
    this.#entry = new ListingCursor(index?.listing ?? new Uint8Array(0), true);
    this.#hasEntry = this.#entry.next();
  }

  /** Entries are asked for in order. @returns the digest (zeros of what is no file) when the tree has this one as it should be; otherwise nothing is in its place */
  keep(entry: ListingCursor): Uint8Array | undefined {
    while (this.#hasEntry) {
      const order = this.#entry.hasSamePath(entry) ? 0 : compareEntryPaths(this.#entry.path, entry.path);
      if (order > 0) return undefined;
      const digest = order === 0 && same(this.#entry, entry) ? this.#digest() : undefined;
      if (!digest) this.#remove();
      this.#advance();
      if (order === 0) return digest;
    }
    return undefined;
  }

  removeRest(): void {
    for (; this.#hasEntry; this.#advance()) this.#remove();
  }

  /** Undefined of a file that never came. */
  #digest(): Uint8Array | undefined {
    if (this.#entry.kind !== FILE_KIND.file) return NO_DIGEST;
    const begin = this.#file * DIGEST_BYTES;
    return knowsDigest(this.#digests, this.#file) ? this.#digests.subarray(begin, begin + DIGEST_BYTES) : undefined;
  }

  #remove(): void {
    const { path, kind } = this.#entry;
    if (this.#gone !== undefined && path.startsWith(this.#gone)) return;
    rmSync(join(this.#tree, path), { recursive: true, force: true });
    if (kind === FILE_KIND.folder) this.#gone = `${path}/`;
  }

  #advance(): void {
    if (this.#entry.kind === FILE_KIND.file) this.#file++;
    this.#hasEntry = this.#entry.next();
  }
}

/** Digests one behind the other. */
class DigestColumn {
  #bytes: Buffer;
  count = 0;

  /** @param sizeBytes as many as there will probably be */
  constructor(sizeBytes: number) {
    this.#bytes = Buffer.allocUnsafe(sizeBytes + 64 * DIGEST_BYTES);
  }

  add(digest: Uint8Array): void {
    const at = this.count++ * DIGEST_BYTES;
    if (at + DIGEST_BYTES > this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes], this.#bytes.length * 2);
    this.#bytes.set(digest, at);
  }

  bytes(): Buffer {
    return this.#bytes.subarray(0, this.count * DIGEST_BYTES);
  }
}

function same(old: ListingCursor, entry: ListingCursor): boolean {
  // A folder's mode and time are set anew in any case.
  if (old.kind === FILE_KIND.folder) return entry.kind === FILE_KIND.folder;
  return old.mode === entry.mode && old.size === entry.size && old.mtimeSeconds === entry.mtimeSeconds && old.mtimeNanoseconds === entry.mtimeNanoseconds && old.linkTarget === entry.linkTarget;
}
