import { EngineError } from "../../base/mod.ts";
import { VarintReader, writeVarint } from "./varint.ts";

/**
 * What is in a client's folder, as the client tells the engine: one record per entry, sorted as `compareEntryPaths` says, so that a folder
 * comes before what it holds. A record: how many bytes of the path are those of the record before, the length of the others and
 * these, mode, size, seconds and nanoseconds of its last change, and of a link the length of its target and this; numbers as varints.
 */
export interface ListedEntry {
  /** Relative, with slashes. */
  readonly path: string;
  /** POSIX mode with the kind of file. */
  readonly mode: number;
  /** 0 for anything but a regular file. */
  readonly size: number;
  readonly mtimeSeconds: number;
  readonly mtimeNanoseconds: number;
  readonly linkTarget: string | undefined;
}

export const FILE_KIND = { mask: 0o170000, fifo: 0o010000, folder: 0o040000, file: 0o100000, link: 0o120000 } as const;
export const kindOfMode = (mode: number): number => mode & FILE_KIND.mask;

export const MAX_LISTING_BYTES = 256 * 1024 * 1024;
const MAX_PATH_BYTES = 4096;
const MAX_NAME_BYTES = 255;
const MAX_RECORD_BYTES = 2 * MAX_PATH_BYTES + 64;

/** By UTF-16 units, a slash before everything else: depth first. */
export function compareEntryPaths(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at++) {
    const [a, b] = [left.charCodeAt(at), right.charCodeAt(at)];
    if (a === b) continue;
    if (a === SLASH) return -1;
    if (b === SLASH) return 1;
    return a - b;
  }
  return left.length - right.length;
}

const SLASH = 0x2f;

/** Gathers entries, which come in order. */
export class ListingWriter {
  #bytes = Buffer.allocUnsafe(64 * 1024);
  #length = 0;
  #path = Buffer.allocUnsafe(MAX_PATH_BYTES);
  #previous = Buffer.allocUnsafe(MAX_PATH_BYTES);
  #previousLength = 0;

  /** @throws EngineError TooLarge */
  add(entry: ListedEntry): void {
    if (this.#bytes.length - this.#length < MAX_RECORD_BYTES) this.#grow();
    if (Buffer.byteLength(entry.path) >= MAX_PATH_BYTES) throw new EngineError("TooLarge", `a path in the build context is too long: ${entry.path.slice(0, 200)}…`);
    const bytes = this.#bytes;
    const pathLength = this.#path.write(entry.path);
    const shared = this.#shared(pathLength);
    let at = writeVarint(bytes, this.#length, shared);
    at = writeVarint(bytes, at, pathLength - shared);
    at += this.#path.copy(bytes, at, shared, pathLength);
    at = writeVarint(bytes, at, entry.mode);
    at = writeVarint(bytes, at, entry.size);
    at = writeVarint(bytes, at, Math.max(0, entry.mtimeSeconds));
    at = writeVarint(bytes, at, entry.mtimeNanoseconds);
    if (entry.linkTarget !== undefined) {
      at = writeVarint(bytes, at, Buffer.byteLength(entry.linkTarget));
      at += bytes.write(entry.linkTarget, at);
    }
    this.#length = at;
    [this.#path, this.#previous] = [this.#previous, this.#path];
    this.#previousLength = pathLength;
  }

  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #shared(length: number): number {
    const most = Math.min(length, this.#previousLength);
    let shared = 0;
    while (shared < most && this.#path[shared] === this.#previous[shared]) shared++;
    return shared;
  }

  #grow(): void {
    if (this.#length > MAX_LISTING_BYTES) throw new EngineError("TooLarge", "the build context has too many files: list what the build does not need in .dockerignore");
    const larger = Buffer.allocUnsafe(this.#bytes.length * 2);
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

/**
 * The entries of a listing, each checked: a name that leads elsewhere, or an entry in what is no folder, is refused. `places`: whether that is still
 * to be done; one that the engine has kept was checked when it came. @throws EngineError InvalidParameter
 */
export function* readListing(listing: Uint8Array, places: "unchecked" | "checked" = "unchecked"): Generator<ListedEntry, void, void> {
  const reader = new VarintReader(listing);
  const bytes = Buffer.from(listing.buffer, listing.byteOffset, listing.length);
  const path = Buffer.allocUnsafe(MAX_PATH_BYTES);
  const folders: string[] = [];
  let pathLength = 0;
  let previous = "";
  while (!reader.done) {
    const shared = reader.next();
    const others = reader.next();
    if (shared > pathLength || shared + others > MAX_PATH_BYTES || reader.at + others > bytes.length) throw broken("a path is cut off");
    bytes.copy(path, shared, reader.at, reader.at + others);
    reader.at += others;
    pathLength = shared + others;
    const text = path.toString("utf8", 0, pathLength);
    const [mode, size, mtimeSeconds, mtimeNanoseconds] = [reader.next(), reader.next(), reader.next(), reader.next()];
    const kind = kindOfMode(mode);
    const linkTarget = kind === FILE_KIND.link ? readText(reader, bytes) : undefined;
    if (!KINDS.has(kind) || mode > 0o177777) throw broken(`${JSON.stringify(text)} is of no kind that a build takes`);
    if (mtimeNanoseconds >= 1e9 || (kind !== FILE_KIND.file && size !== 0)) throw broken(`${JSON.stringify(text)} has a size or a time that cannot be`);
    if (places === "unchecked") {
      checkPlace(text, previous, folders);
      if (kind === FILE_KIND.folder) folders.push(text);
      previous = text;
    }
    yield { path: text, mode, size, mtimeSeconds, mtimeNanoseconds, linkTarget };
  }
}

const KINDS: ReadonlySet<number> = new Set([FILE_KIND.fifo, FILE_KIND.folder, FILE_KIND.file, FILE_KIND.link]);

function readText(reader: VarintReader, bytes: Buffer): string {
  const length = reader.next();
  if (length === 0 || length > MAX_PATH_BYTES || reader.at + length > bytes.length) throw broken("a link's target is cut off");
  reader.at += length;
  const text = bytes.toString("utf8", reader.at - length, reader.at);
  if (text.includes("\0")) throw broken("a link's target has a zero byte");
  return text;
}

/** `folders`: those that the entry before lies in, itself too; left with those that this one lies in. */
function checkPlace(path: string, previous: string, folders: string[]): void {
  if (previous !== "" && compareEntryPaths(previous, path) >= 0) throw broken("entries are not in order");
  const slash = path.lastIndexOf("/");
  const name = path.slice(slash + 1);
  if (name === "" || name === "." || name === ".." || name.includes("\0") || name.length > MAX_NAME_BYTES) throw broken(`${JSON.stringify(path)} is no name`);
  const parent = slash < 0 ? "" : path.slice(0, slash) || "/";
  while (folders.length > 0 && folders.at(-1) !== parent) folders.pop();
  if ((folders.at(-1) ?? "") !== parent) throw broken(`${JSON.stringify(path)} lies in what is no folder`);
}

const broken = (what: string): EngineError => new EngineError("InvalidParameter", `the list of a build's files is broken: ${what}`);
