import { compareEntryPaths, FILE_KIND, ListingCursor } from "../spec/mod.ts";
import { DIGEST_BYTES, type ContextIndex } from "./context-index.ts";

/** `path` is below the folder in question. What is gone or put stands for all that is in it; a folder that `stays` has another mode or time. */
export interface ListChange {
  readonly change: "gone" | "put" | "stays";
  readonly path: string;
}

/** What differs in a folder between two lists, in the order of lists. What is put in the place of something else was not removed before. */
export function* changesIn(folder: string, before: ContextIndex, after: ContextIndex): Generator<ListChange, void, void> {
  const [old, now] = [new FolderReader(before, folder), new FolderReader(after, folder)];
  while (old.has || now.has) {
    const order = !now.has ? -1 : !old.has ? 1 : old.entry.hasSamePath(now.entry) ? 0 : compareEntryPaths(old.entry.path, now.entry.path);
    if (order === 0 && old.isFolder && now.isFolder) {
      if (!hasSameHead(old.entry, now.entry)) yield { change: "stays", path: now.path };
      old.next();
      now.next();
      continue;
    }
    const same = order === 0 && hasSameHead(old.entry, now.entry) && (old.entry.kind !== FILE_KIND.file || old.hasSameContent(now));
    if (order < 0) yield { change: "gone", path: old.path };
    else if (!same) yield { change: "put", path: now.path };
    if (order <= 0) old.pass();
    if (order >= 0) now.pass();
  }
}

/** How much is in a folder by a list. @returns undefined where the list has no such folder, or not the content of all its files */
export function countListed(folder: string, index: ContextIndex): { readonly entries: number; readonly bytes: number } | undefined {
  const reader = new FolderReader(index, folder);
  if (!reader.found) return undefined;
  let [entries, bytes] = [0, 0];
  for (; reader.has; reader.next()) {
    if (reader.entry.kind === FILE_KIND.file && !reader.knowsContent) return undefined;
    entries++;
    bytes += reader.entry.size;
  }
  return { entries, bytes };
}

function hasSameHead(one: ListingCursor, other: ListingCursor): boolean {
  return one.mode === other.mode && one.size === other.size && one.mtimeSeconds === other.mtimeSeconds && one.mtimeNanoseconds === other.mtimeNanoseconds && one.linkTarget === other.linkTarget;
}

/** The entries below one folder. */
class FolderReader {
  readonly entry: ListingCursor;
  readonly found: boolean;
  has: boolean;
  readonly #digests: Buffer;
  readonly #prefix: Buffer;
  #file = 0;

  constructor({ listing, digests }: ContextIndex, folder: string) {
    this.entry = new ListingCursor(listing, true);
    this.#digests = Buffer.from(digests.buffer, digests.byteOffset, digests.length);
    this.#prefix = Buffer.from(folder === "" ? "" : `${folder}/`);
    this.found = folder === "" || this.#find(folder);
    this.has = this.found && this.#advance();
  }

  get isFolder(): boolean {
    return this.entry.kind === FILE_KIND.folder;
  }

  get path(): string {
    return this.entry.pathBytes.toString("utf8", this.#prefix.length, this.entry.pathLength);
  }

  next(): void {
    this.#count();
    this.has = this.#advance();
  }

  /** Over what is in it, too. */
  pass(): void {
    if (!this.isFolder) return this.next();
    const inside = Buffer.from(`${this.entry.path}/`);
    do this.next();
    while (this.has && startsWith(this.entry, inside));
  }

  /** Of a regular file. */
  get knowsContent(): boolean {
    const at = this.#file * DIGEST_BYTES;
    return this.#digests.compare(NO_DIGEST, 0, DIGEST_BYTES, at, at + DIGEST_BYTES) !== 0;
  }

  /** Of regular files; false where one is not known. */
  hasSameContent(other: FolderReader): boolean {
    const [at, there] = [this.#file * DIGEST_BYTES, other.#file * DIGEST_BYTES];
    return this.knowsContent && this.#digests.compare(other.#digests, there, there + DIGEST_BYTES, at, at + DIGEST_BYTES) === 0;
  }

  #find(folder: string): boolean {
    const sought = Buffer.from(folder);
    while (this.entry.next()) {
      this.#count();
      if (this.entry.pathLength === sought.length && startsWith(this.entry, sought)) return this.isFolder;
    }
    return false;
  }

  #advance(): boolean {
    return this.entry.next() && startsWith(this.entry, this.#prefix);
  }

  #count(): void {
    if (this.entry.kind === FILE_KIND.file) this.#file++;
  }
}

const NO_DIGEST = Buffer.alloc(DIGEST_BYTES);

const startsWith = ({ pathBytes, pathLength }: ListingCursor, prefix: Buffer): boolean => pathLength >= prefix.length && pathBytes.compare(prefix, 0, prefix.length, 0, prefix.length) === 0;
