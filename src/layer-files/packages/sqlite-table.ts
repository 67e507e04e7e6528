/**
 * Rows of one table of an SQLite database (its file format, sections 1 and 2), read without SQLite: the file comes from an image, and what it says
 * of views, triggers and functions is never run. What a write-ahead log beside it holds is not seen.
 */

/** The file is no database, or a damaged one. */
export class DamagedDatabase extends Error {}

/** NULL, numbers that matter here, text and blobs as bytes. */
export type Column = null | number | Uint8Array;

const MAGIC = Buffer.from("SQLite format 3\0");
const HEADER_BYTES = 100;
const PAGE = { interior: 5, leaf: 13 } as const;
const MAX_DEPTH = 30;
/** SQLite's. */
const MAX_COLUMNS = 32_767;
const INTEGER_BYTES = [0, 1, 2, 3, 4, 6, 8] as const;

/** Undefined when it has no such table. @throws DamagedDatabase */
export function sqliteTable(bytes: Uint8Array, name: string, maxRowBytes: number): Generator<readonly Column[], void, void> | undefined {
  const file = new DatabaseFile(bytes, maxRowBytes);
  for (const [type, table, , root] of file.rows(1)) {
    if (textOf(type) === "table" && textOf(table) === name && typeof root === "number") return file.rows(root);
  }
  return undefined;
}

const textOf = (column: Column | undefined): string | undefined => (column instanceof Uint8Array ? Buffer.from(column).toString("utf8") : undefined);

class DatabaseFile {
  readonly #bytes: Buffer;
  readonly #pageBytes: number;
  readonly #usableBytes: number;
  readonly #maxRowBytes: number;
  /** Of every page at most this many are looked at for a table: a ring has no end. */
  #looksLeft = 0;
  /** Rows of a table are together no more than the file: cells may say that they lie one in another. */
  #rowBytesLeft = 0;

  constructor(bytes: Uint8Array, maxRowBytes: number) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    if (this.#bytes.length < HEADER_BYTES || !this.#bytes.subarray(0, MAGIC.length).equals(MAGIC)) throw new DamagedDatabase("it is no SQLite database");
    const size = this.#bytes.readUInt16BE(16);
    this.#pageBytes = size === 1 ? 65_536 : size;
    this.#usableBytes = this.#pageBytes - this.#byte(20);
    if (this.#pageBytes < 512 || this.#usableBytes < 480) throw new DamagedDatabase("its pages have no size that can be");
    this.#maxRowBytes = maxRowBytes;
  }

  *rows(root: number): Generator<readonly Column[], void, void> {
    this.#looksLeft = Math.ceil(this.#bytes.length / this.#pageBytes);
    this.#rowBytesLeft = this.#bytes.length;
    yield* this.#below(root, 0);
  }

  *#below(number: number, depth: number): Generator<readonly Column[], void, void> {
    const page = this.#page(number);
    const head = number === 1 ? HEADER_BYTES : 0;
    const [type, cells] = [page.readUInt8(head), page.readUInt16BE(head + 3)];
    if (type !== PAGE.interior && type !== PAGE.leaf) throw new DamagedDatabase("a page is not of a table");
    if (depth > MAX_DEPTH) throw new DamagedDatabase("its tree is too deep");
    const pointers = head + (type === PAGE.interior ? 12 : 8);
    if (pointers + 2 * cells > page.length) throw new DamagedDatabase("a page has too many cells");
    for (let cell = 0; cell < cells; cell++) {
      const at = page.readUInt16BE(pointers + 2 * cell);
      if (type === PAGE.leaf) yield this.#row(page, at);
      else yield* this.#below(uint32(page, at), depth + 1);
    }
    if (type === PAGE.interior) yield* this.#below(uint32(page, head + 8), depth + 1);
  }

  #page(number: number): Buffer {
    if (this.#looksLeft-- <= 0) throw new DamagedDatabase("its pages lead in a ring");
    const at = (number - 1) * this.#pageBytes;
    const page = number > 0 ? this.#bytes.subarray(at, at + this.#pageBytes) : undefined;
    if (page?.length !== this.#pageBytes) throw new DamagedDatabase("a page is missing");
    return page;
  }

  #row(page: Buffer, at: number): readonly Column[] {
    const cell = new Varints(page, at);
    const length = cell.next();
    cell.next();
    if (length > this.#maxRowBytes) throw new DamagedDatabase("a row is too large");
    this.#rowBytesLeft -= length;
    if (this.#rowBytesLeft < 0) throw new DamagedDatabase("its rows lie one in another");
    const payload = this.#payload(page, cell.at, length);
    const head = new Varints(payload, 0);
    const end = head.next();
    const columns: Column[] = [];
    for (let from = end; head.at < end; ) {
      const type = head.next();
      const size = type < 7 ? (INTEGER_BYTES[type] ?? 0) : type === 7 ? 8 : type < 12 ? 0 : Math.floor((type - 12) / 2);
      if (from + size > payload.length) throw new DamagedDatabase("a row is cut off");
      if (columns.length === MAX_COLUMNS) throw new DamagedDatabase("a row has too many columns");
      columns.push(type >= 12 ? payload.subarray(from, from + size) : type === 8 || type === 9 ? type - 8 : type > 0 && type < 6 ? payload.readIntBE(from, size) : null);
      from += size;
    }
    return columns;
  }

  /** What does not fit into its page goes on in others, each of which names the next. */
  #payload(page: Buffer, at: number, length: number): Buffer {
    const usable = this.#usableBytes;
    const [most, least] = [usable - 35, Math.floor(((usable - 12) * 32) / 255) - 23];
    const even = least + ((length - least) % (usable - 4));
    const own = length <= most ? length : even <= most ? even : least;
    if (at + own > page.length) throw new DamagedDatabase("a row is cut off");
    const parts = [page.subarray(at, at + own)];
    let left = length - own;
    for (let next = left > 0 ? uint32(page, at + own) : 0; left > 0; ) {
      const more = this.#page(next);
      const part = more.subarray(4, Math.min(usable, 4 + left));
      parts.push(part);
      left -= part.length;
      next = more.readUInt32BE();
    }
    const [only] = parts;
    return parts.length === 1 && only ? only : Buffer.concat(parts);
  }

  #byte(at: number): number {
    return this.#bytes.readUInt8(at);
  }
}

function uint32(page: Buffer, at: number): number {
  if (at + 4 > page.length) throw new DamagedDatabase("a cell is cut off");
  return page.readUInt32BE(at);
}

/** SQLite's: the highest seven bits first, at most nine bytes. */
class Varints {
  constructor(
    readonly bytes: Buffer,
    public at: number,
  ) {}

  next(): number {
    let value = 0;
    for (let count = 0; count < 8; count++) {
      const byte = this.bytes[this.at++];
      if (byte === undefined) throw new DamagedDatabase("a number is cut off");
      value = value * 0x80 + (byte & 0x7f);
      if (byte < 0x80) return value;
    }
    throw new DamagedDatabase("a number is too large");
  }
}
