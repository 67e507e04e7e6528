import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, readSync, renameSync, rmSync, statSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { bootID } from "../linux/mod.ts";
import { DIGEST_BYTES } from "./context-index.ts";

/** Larger files are read where they lie. */
export const MAX_PACKED_BYTES = 64 * 1024;
const WINDOW_BYTES = 1024 * 1024;
const MAX_FILES = 200;
/** So much of what nobody asked for is kept for the next time. */
const SPARE_BYTES = 32 * 1024 * 1024;
/** Digest, file, offset, size. */
const RECORD_BYTES = DIGEST_BYTES + 12;
/** How many records may have gone since the last time before one is looked for in vain. */
const LOOK_AHEAD = 64;
const INDEX = "index";

/** Its data files, and records of what they hold. */
interface PackIndex {
  readonly names: readonly string[];
  readonly records: Buffer;
}

const EMPTY: PackIndex = { names: [], records: Buffer.alloc(0) };

/**
 * The contents of many small files one behind the other: reading them again is reading one file. They are found in the order in which they were asked
 * for the last time. Only a cache, of one boot of the machine: whoever does not find something in it reads the file itself. Data files
 * are never changed; of two who add at once one is lost.
 */
export class ContentPack implements Disposable {
  readonly #folder: string;
  readonly #names: readonly string[];
  readonly #records: Buffer;
  #cursor = 0;
  readonly #descriptors = new Map<number, number>();
  readonly #window = Buffer.allocUnsafe(WINDOW_BYTES);
  #windowFile = -1;
  #windowAt = 0;
  #windowLength = 0;
  /** Records of what was asked for and what was added. */
  readonly #next = new RecordWriter();
  readonly #pending = Buffer.allocUnsafe(WINDOW_BYTES);
  #pendingLength = 0;
  #target: { readonly fd: number; readonly name: string; length: number } | undefined;
  #added = false;

  private constructor(folder: string, { names, records }: PackIndex) {
    this.#folder = folder;
    this.#names = names;
    this.#records = records;
  }

  static open(folder: string): ContentPack {
    return new ContentPack(folder, readIndex(folder));
  }

  /** The content of the digest that begins at `at`; false where it is not there, or cannot be read. */
  read(digests: Buffer, at: number, target: Uint8Array): boolean {
    const record = this.#find(digests, at);
    if (record === undefined) return false;
    const [file, offset, size] = [this.#records.readUInt32LE(record + DIGEST_BYTES), this.#records.readUInt32LE(record + DIGEST_BYTES + 4), this.#records.readUInt32LE(record + DIGEST_BYTES + 8)];
    if (size !== target.length || !this.#show(file, offset, size)) return false;
    this.#window.copy(target, 0, offset - this.#windowAt, offset - this.#windowAt + size);
    this.#cursor = record + RECORD_BYTES;
    this.#next.add(digests, at, { file, offset, size });
    return true;
  }

  add(digests: Buffer, at: number, content: Uint8Array): void {
    if (content.length > WINDOW_BYTES - this.#pendingLength) this.#flush();
    const offset = (this.#target?.length ?? 0) + this.#pendingLength;
    this.#pending.set(content, this.#pendingLength);
    this.#pendingLength += content.length;
    this.#added = true;
    this.#next.add(digests, at, { file: this.#names.length, offset, size: content.length });
  }

  /** Keeps what was read and added. What is hardly used any more goes, to be made anew. @throws Error when it cannot be written */
  commit(): void {
    if (this.#names.length >= MAX_FILES || this.#heldBytes() > 3 * this.#next.contentBytes + SPARE_BYTES) return rmSync(this.#folder, { recursive: true, force: true });
    if (!this.#added) return;
    this.#flush();
    const names = this.#target ? [...this.#names, this.#target.name] : this.#names;
    writeIndex(this.#folder, { names, records: this.#next.bytes() });
    for (const name of readdirSync(this.#folder)) if (name !== INDEX && !names.includes(name)) rmSync(join(this.#folder, name), { force: true });
  }

  [Symbol.dispose](): void {
    for (const fd of this.#descriptors.values()) closeSync(fd);
    if (this.#target) closeSync(this.#target.fd);
  }

  /** Of the data files that were there. */
  #heldBytes(): number {
    return this.#names.reduce((sum, name) => sum + (statSync(join(this.#folder, name), { throwIfNoEntry: false })?.size ?? 0), 0);
  }

  #find(digests: Buffer, at: number): number | undefined {
    const records = this.#records;
    const end = Math.min(records.length, this.#cursor + LOOK_AHEAD * RECORD_BYTES);
    for (let record = this.#cursor; record < end; record += RECORD_BYTES) if (records.compare(digests, at, at + DIGEST_BYTES, record, record + DIGEST_BYTES) === 0) return record;
    return undefined;
  }

  /** Brings a place of a data file into the window. */
  #show(file: number, offset: number, size: number): boolean {
    if (file === this.#windowFile && offset >= this.#windowAt && offset + size <= this.#windowAt + this.#windowLength) return true;
    const fd = this.#descriptor(file);
    if (fd === undefined) return false;
    [this.#windowFile, this.#windowAt, this.#windowLength] = [file, offset, readSync(fd, this.#window, 0, WINDOW_BYTES, offset)];
    return size <= this.#windowLength;
  }

  #flush(): void {
    if (!this.#target) {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      const name = crypto.randomUUID();
      this.#target = { fd: openSync(join(this.#folder, name), "wx", 0o600), name, length: 0 };
    }
    for (let done = 0; done < this.#pendingLength; ) done += writeSync(this.#target.fd, this.#pending, done, this.#pendingLength - done);
    this.#target.length += this.#pendingLength;
    this.#pendingLength = 0;
  }

  #descriptor(file: number): number | undefined {
    const known = this.#descriptors.get(file);
    if (known !== undefined) return known;
    try {
      const fd = openSync(join(this.#folder, this.#names[file] ?? ""), "r");
      this.#descriptors.set(file, fd);
      return fd;
    } catch {
      return undefined;
    }
  }
}

class RecordWriter {
  #bytes = Buffer.allocUnsafe(64 * 1024);
  #length = 0;
  contentBytes = 0;

  add(digests: Buffer, at: number, { file, offset, size }: { readonly file: number; readonly offset: number; readonly size: number }): void {
    if (this.#bytes.length - this.#length < RECORD_BYTES) this.#grow();
    const to = this.#length;
    digests.copy(this.#bytes, to, at, at + DIGEST_BYTES);
    this.#bytes.writeUInt32LE(file, to + DIGEST_BYTES);
    this.#bytes.writeUInt32LE(offset, to + DIGEST_BYTES + 4);
    this.#bytes.writeUInt32LE(size, to + DIGEST_BYTES + 8);
    this.#length += RECORD_BYTES;
    this.contentBytes += size;
  }

  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  #grow(): void {
    const larger = Buffer.allocUnsafe(this.#bytes.length * 2);
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

function readIndex(folder: string): PackIndex {
  try {
    const bytes = readFileSync(join(folder, INDEX));
    const headEnd = bytes.indexOf("\n");
    const [boot, ...names] = bytes.toString("latin1", 0, headEnd).split(" ");
    const records = bytes.subarray(headEnd + 1);
    return boot === bootID() && records.length % RECORD_BYTES === 0 ? { names, records } : EMPTY;
  } catch {
    return EMPTY;
  }
}

function writeIndex(folder: string, { names, records }: PackIndex): void {
  const fresh = join(folder, `${INDEX}.${crypto.randomUUID()}`);
  writeFileSync(fresh, Buffer.concat([Buffer.from(`${[bootID(), ...names].join(" ")}\n`, "latin1"), records]), { mode: 0o600 });
  renameSync(fresh, join(folder, INDEX));
}
