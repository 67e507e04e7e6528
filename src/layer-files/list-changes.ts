import { compareEntryPaths, FILE_KIND, ListingCursor } from "../spec/mod.ts";
import { DIGEST_BYTES, knowsDigest, type ContextIndex } from "./context-index.ts";

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

/**
 * How much is in a folder by a list. @returns undefined where the list has no such folder, not the content of all its files, or names that
 * archives have in another order
 */
export function countListed(folder: string, index: ContextIndex): { readonly entries: number; readonly bytes: number } | undefined {
  const reader = new FolderReader(index, folder);
  if (!reader.found) return undefined;
  let [entries, bytes] = [0, 0];
  for (; reader.has; reader.next()) {
    if ((reader.entry.kind === FILE_KIND.file && !reader.knowsContent) || takesTwoUnits(reader.entry)) return undefined;
    entries++;
    bytes += reader.entry.size;
  }
  return { entries, bytes };
}

/** What lies directly in a folder. */
export function namesIn(folder: string, index: ContextIndex): string[] {
  const names: string[] = [];
  for (const reader = new FolderReader(index, folder); reader.has; reader.pass()) names.push(reader.entry.name);
  return names;
}

export function hasSameHead(one: ListingCursor, other: ListingCursor): boolean {
  return one.mode === other.mode && one.size === other.size && one.mtimeSeconds === other.mtimeSeconds && one.mtimeNanoseconds === other.mtimeNanoseconds && one.linkTarget === other.linkTarget;
}

/** The entries below one folder. */
export class FolderReader {
  /** Of the entry among those of the folder. */
  number = 0;
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
    this.number++;
    this.has = this.#advance();
  }

  /** Over what is in it, too. */
  pass(): void {
    if (!this.isFolder) return this.next();
    const length = this.entry.pathLength;
    do this.next();
    // All that is in the folder has its path before a slash; what follows differs in one of both.
    while (this.has && this.entry.sharedLength >= length && this.entry.pathBytes[length] === SLASH);
  }

  /** Of a regular file. */
  get knowsContent(): boolean {
    return knowsDigest(this.#digests, this.#file);
  }

  /** Of regular files; false where one is not known. */
  hasSameContent(other: FolderReader): boolean {
    const [at, there] = [this.#file * DIGEST_BYTES, other.#file * DIGEST_BYTES];
    for (let byte = 0; byte < DIGEST_BYTES; byte++) if (this.#digests[at + byte] !== other.#digests[there + byte]) return false;
    return this.knowsContent;
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
    return this.entry.next() && (this.entry.sharedLength >= this.#prefix.length || startsWith(this.entry, this.#prefix));
  }

  #count(): void {
    if (this.entry.kind === FILE_KIND.file) this.#file++;
  }
}

/** UTF-16 and UTF-8 put characters beyond U+FFFF at different places. */
function takesTwoUnits({ pathBytes, pathLength, nameStart }: ListingCursor): boolean {
  for (let at = nameStart; at < pathLength; at++) if ((pathBytes[at] ?? 0) >= 0xf0) return true;
  return false;
}

const SLASH = 0x2f;

const startsWith = ({ pathBytes, pathLength }: ListingCursor, prefix: Buffer): boolean => pathLength >= prefix.length && pathBytes.compare(prefix, 0, prefix.length, 0, prefix.length) === 0;
