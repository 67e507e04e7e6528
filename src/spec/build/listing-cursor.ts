import { isUtf8 } from "node:buffer";
import { EngineError } from "../../base/mod.ts";
import { FILE_KIND, kindOfMode, MAX_PATH_BYTES, type ListedEntry } from "./listed-entry.ts";
import { VarintReader } from "./varint.ts";

const MAX_NAME_UNITS = 255;
const SLASH = 0x2f;
const DOT = 0x2e;
const KINDS: ReadonlySet<number> = new Set([FILE_KIND.fifo, FILE_KIND.folder, FILE_KIND.file, FILE_KIND.link]);

/** Where reading may begin: behind a folder's record, whose path is that of the record before. */
export interface ListingPlace {
  readonly at: number;
  readonly path: string;
}

/**
 * Reads a listing record after record, without a text of what nobody asks for. With `checked` false each place is checked: a name that leads
 * elsewhere, or an entry in what is no folder, is refused; a list that the engine has kept was checked when it came.
 */
export class ListingCursor {
  mode = 0;
  size = 0;
  mtimeSeconds = 0;
  mtimeNanoseconds = 0;
  linkTarget: string | undefined;
  /** Of the entry's path; what follows in `pathBytes` is of no meaning. */
  pathLength = 0;
  /** So much of the path is that of the record before. */
  sharedLength = 0;
  /** Of the folder that it is in; 0: the top. */
  parentLength = 0;
  readonly pathBytes = Buffer.allocUnsafe(MAX_PATH_BYTES);
  readonly #reader: VarintReader;
  readonly #bytes: Buffer;
  readonly #checked: boolean;
  /** Lengths of the paths of the folders that the record before lies in, itself too. */
  readonly #folders: number[] = [];

  constructor(listing: Uint8Array, checked: boolean, begin: ListingPlace = { at: 0, path: "" }) {
    this.#reader = new VarintReader(listing);
    this.#bytes = Buffer.from(listing.buffer, listing.byteOffset, listing.length);
    this.#checked = checked;
    this.#reader.at = begin.at;
    this.pathLength = this.pathBytes.write(begin.path);
  }

  get kind(): number {
    return kindOfMode(this.mode);
  }

  get path(): string {
    return this.pathBytes.toString("utf8", 0, this.pathLength);
  }

  /** The last part of the path. */
  get name(): string {
    return this.pathBytes.toString("utf8", this.nameStart, this.pathLength);
  }

  get nameStart(): number {
    return this.parentLength === 0 && this.pathBytes[0] !== SLASH ? 0 : this.parentLength + 1;
  }

  /** What was read, for whoever keeps it. */
  entry(): ListedEntry {
    const { path, mode, size, mtimeSeconds, mtimeNanoseconds, linkTarget } = this;
    return { path, mode, size, mtimeSeconds, mtimeNanoseconds, linkTarget };
  }

  /** Where the next record begins. */
  get at(): number {
    return this.#reader.at;
  }

  /** Leaves out what is in the folder that was read last: `at` is where the record behind all of it begins. */
  skipTo(at: number): void {
    this.#reader.at = at;
  }

  hasSamePath(other: ListingCursor): boolean {
    if (this.pathLength !== other.pathLength) return false;
    // What differs is at the end, most of the time.
    for (let at = this.pathLength - 1; at >= 0; at--) if (this.pathBytes[at] !== other.pathBytes[at]) return false;
    return true;
  }

  /** False at the end. @throws EngineError InvalidParameter */
  next(): boolean {
    const reader = this.#reader;
    if (reader.done) return false;
    const shared = reader.next();
    const others = reader.next();
    const length = shared + others;
    if (shared > this.pathLength || length > MAX_PATH_BYTES || reader.at + others > this.#bytes.length) throw broken("a path is cut off");
    const replaced = shared < this.pathLength ? (this.pathBytes[shared] ?? 0) : undefined;
    // By hand: a call costs more than the few bytes of a name.
    for (let at = shared; at < length; at++) this.pathBytes[at] = this.#bytes[reader.at++] ?? 0;
    this.sharedLength = shared;
    this.pathLength = length;
    this.parentLength = this.#parentLength();
    this.mode = reader.next();
    this.size = reader.next();
    this.mtimeSeconds = reader.next();
    this.mtimeNanoseconds = reader.next();
    const { kind } = this;
    this.linkTarget = kind === FILE_KIND.link ? this.#linkTarget() : undefined;
    if (!KINDS.has(kind) || this.mode > 0o177777) throw broken(`${JSON.stringify(this.path)} is of no kind that a build takes`);
    if (this.mtimeNanoseconds >= 1e9 || (kind !== FILE_KIND.file && this.size !== 0)) throw broken(`${JSON.stringify(this.path)} has a size or a time that cannot be`);
    if (!this.#checked) this.#checkPlace(shared, replaced);
    return true;
  }

  #parentLength(): number {
    let at = this.pathLength - 1;
    while (at > 0 && this.pathBytes[at] !== SLASH) at--;
    return Math.max(at, 0);
  }

  #linkTarget(): string {
    const length = this.#reader.next();
    const { at } = this.#reader;
    if (length === 0 || length > MAX_PATH_BYTES || at + length > this.#bytes.length) throw broken("a link's target is cut off");
    this.#reader.at += length;
    const text = this.#bytes.toString("utf8", at, at + length);
    if (text.includes("\0")) throw broken("a link's target has a zero byte");
    return text;
  }

  /** `replaced`: the byte of the path before at the place from which on this one is another. */
  #checkPlace(shared: number, replaced: number | undefined): void {
    const { pathBytes: path, pathLength: length } = this;
    if (shared === length && (replaced !== undefined || this.#hasBegun)) throw broken("entries are not in order");
    if (replaced !== undefined && !isBefore(replaced, path[shared] ?? 0)) throw broken("entries are not in order");
    this.#hasBegun = true;
    const start = this.nameStart;
    const nameLength = length - start;
    const dots = (nameLength === 1 || nameLength === 2) && path[start] === DOT && path[length - 1] === DOT;
    if (nameLength <= 0 || dots || !this.#isText(shared) || (nameLength > MAX_NAME_UNITS && this.name.length > MAX_NAME_UNITS)) throw broken(`${JSON.stringify(this.path)} is no name`);
    const folders = this.#folders;
    for (let last = folders.at(-1) ?? 0; last > shared || (last > 0 && path[last] !== SLASH); last = folders.at(-1) ?? 0) folders.pop();
    if ((folders.at(-1) ?? 0) !== this.parentLength || (this.parentLength === 0 && path[0] === SLASH)) throw broken(`${JSON.stringify(this.path)} lies in what is no folder`);
    if (this.kind === FILE_KIND.folder) folders.push(length);
  }

  #hasBegun = false;

  /** Of what is new in the path. */
  #isText(from: number): boolean {
    for (let at = from; at < this.pathLength; at++) {
      const byte = this.pathBytes[at] ?? 0;
      if (byte === 0) return false;
      if (byte >= 0x80) return isUtf8(this.pathBytes.subarray(0, this.pathLength)) && !this.pathBytes.subarray(from, this.pathLength).includes(0);
    }
    return true;
  }
}

/** Of bytes in which two paths differ first: the order of UTF-16 units, a slash before everything else. */
function isBefore(left: number, right: number): boolean {
  if (left === right) return false;
  if (left === SLASH || right === SLASH) return left === SLASH;
  // What takes two units comes before the last of what takes one.
  if (left >= LAST_OF_ONE_UNIT && right >= LAST_OF_ONE_UNIT && left >= OF_TWO_UNITS !== right >= OF_TWO_UNITS) return left >= OF_TWO_UNITS;
  return left < right;
}

/** First bytes of U+E000 and later, and of U+10000 and later, in UTF-8. */
const LAST_OF_ONE_UNIT = 0xee;
const OF_TWO_UNITS = 0xf0;

const broken = (what: string): EngineError => new EngineError("InvalidParameter", `the list of a build's files is broken: ${what}`);
