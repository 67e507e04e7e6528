import { closeSync, fstatSync, linkSync, mkdirSync, openSync, readdirSync, readFileSync, readSync, renameSync, rmSync, statSync, writeFileSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { bootID } from "../linux/mod.ts";
import { readIndex, type ContextIndex } from "./context-index.ts";

const WINDOW_BYTES = 1024 * 1024;
const MAX_FILES = 200;
/** Of one context: what was copied where. */
const MAX_FOLDERS = 8;
/** So much of what nobody needs any more is kept, and twice of what is needed. */
const SPARE_BYTES = 32 * 1024 * 1024;
const META = "meta";
/** File, offset, length. */
const RECORD_BYTES = 12;
const MAX_OFFSET = 2 ** 32 - 1;

interface DataFile {
  readonly name: string;
  readonly sizeBytes: number;
}

interface Meta {
  readonly boot: string;
  /** A list of a context as it was when the members were made. */
  readonly list: string;
  readonly files: readonly DataFile[];
}

/** Bytes of a data file. */
export interface Run {
  readonly file: number;
  readonly offset: number;
  readonly length: number;
}

/**
 * Members of the archive of a folder, entry by entry in the order of a context's list, one behind the other in a few data files: making the archive again is
 * reading these. Only a cache, of one boot of the machine. Data files are never changed; of two who add at once one is lost.
 *
 * <folder>/{meta, list-<uuid>, <uuid>…}
 */
export class KeptMembers implements Disposable {
  readonly #meta: Meta;
  readonly #records: Buffer;
  readonly #descriptors: number[] = [];
  readonly #window = Buffer.allocUnsafe(WINDOW_BYTES);

  private constructor(
    readonly index: ContextIndex,
    meta: Meta,
    records: Buffer,
  ) {
    this.#meta = meta;
    this.#records = records;
  }

  /** Undefined where there is nothing that can be relied on. */
  static open(folder: string): KeptMembers | undefined {
    const found = readMeta(folder);
    const index = found && readIndex(join(folder, found.meta.list));
    if (!found || !index) return undefined;
    const kept = new KeptMembers(index, found.meta, found.records);
    if (kept.#openFiles(folder)) return kept;
    kept[Symbol.dispose]();
    return undefined;
  }

  [Symbol.dispose](): void {
    for (const fd of this.#descriptors) closeSync(fd);
  }

  get files(): readonly DataFile[] {
    return this.#meta.files;
  }

  /** Of the entry with this number; undefined where it was too large to be kept. */
  at(number: number): Run | undefined {
    const at = number * RECORD_BYTES;
    const length = at + RECORD_BYTES <= this.#records.length ? this.#records.readUInt32LE(at + 8) : 0;
    return length === 0 ? undefined : { file: this.#records.readUInt32LE(at), offset: this.#records.readUInt32LE(at + 4), length };
  }

  /** In pieces, each valid until the next. */
  *read({ file, offset, length }: Run): Generator<Uint8Array, void, void> {
    for (let done = 0; done < length; ) {
      const read = readSync(this.#descriptors[file] ?? -1, this.#window, 0, Math.min(WINDOW_BYTES, length - done), offset + done);
      if (read === 0) throw new Error("a file of kept archive members has become shorter");
      yield this.#window.subarray(0, read);
      done += read;
    }
  }

  #openFiles(folder: string): boolean {
    try {
      for (const { name, sizeBytes } of this.#meta.files) {
        const fd = openSync(join(folder, name), "r");
        this.#descriptors.push(fd);
        if (fstatSync(fd).size !== sizeBytes) return false;
      }
      return true;
    } catch {
      return false;
    }
  }
}

/** What the next archive will find: members that are kept, and new ones. */
export class MemberWriter implements Disposable {
  readonly #folder: string;
  readonly #files: readonly DataFile[];
  #records = Buffer.allocUnsafe(64 * 1024);
  #recordsLength = 0;
  #keptBytes = 0;
  #target: { readonly fd: number; readonly name: string } | undefined;
  readonly #pending = Buffer.allocUnsafe(WINDOW_BYTES);
  #pendingLength = 0;
  #writtenBytes = 0;
  #hasFailed = false;
  #isCommitted = false;

  constructor(folder: string, kept: KeptMembers | undefined) {
    this.#folder = folder;
    this.#files = kept?.files ?? [];
  }

  /** What was written and is not to be found is not left, least of all on a disk that is full. */
  [Symbol.dispose](): void {
    if (!this.#target) return;
    closeSync(this.#target.fd);
    if (!this.#isCommitted) rmSync(join(this.#folder, this.#target.name), { force: true });
  }

  /** The next entry's is where it was; undefined where it is not kept. */
  keep(run: Run | undefined): void {
    if (this.#records.length - this.#recordsLength < RECORD_BYTES) this.#records = Buffer.concat([this.#records], this.#records.length * 2);
    const { file, offset, length } = run ?? { file: 0, offset: 0, length: 0 };
    this.#recordsLength = this.#records.writeUInt32LE(file, this.#recordsLength);
    this.#recordsLength = this.#records.writeUInt32LE(offset, this.#recordsLength);
    this.#recordsLength = this.#records.writeUInt32LE(length, this.#recordsLength);
    this.#keptBytes += length;
  }

  /** The next entry's: pieces that are less than a window together. What is full before is given out. */
  *add(pieces: readonly Uint8Array[]): Generator<Uint8Array, void, void> {
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    if (length > WINDOW_BYTES - this.#pendingLength) yield* this.flush();
    const offset = this.#writtenBytes + this.#pendingLength;
    for (const piece of pieces) {
      this.#pending.set(piece, this.#pendingLength);
      this.#pendingLength += piece.length;
    }
    this.keep(offset + length > MAX_OFFSET ? undefined : { file: this.#files.length, offset, length });
  }

  /** What was added and not given out yet. */
  *flush(): Generator<Uint8Array, void, void> {
    if (this.#pendingLength === 0) return;
    const piece = this.#pending.subarray(0, this.#pendingLength);
    if (!this.#hasFailed) this.#write(piece);
    yield piece;
    this.#pendingLength = 0;
  }

  /** @param index of the list that was followed, a file. @throws Error when it cannot be written */
  commit(index: string): void {
    if (this.#hasFailed) return;
    const fresh: DataFile[] = this.#target ? [{ name: this.#target.name, sizeBytes: this.#writtenBytes }] : [];
    const files = [...this.#files, ...fresh];
    const heldBytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    if (files.length > MAX_FILES || heldBytes > 3 * this.#keptBytes + SPARE_BYTES) return rmSync(this.#folder, { recursive: true, force: true });
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const list = `list-${crypto.randomUUID()}`;
    linkSync(index, join(this.#folder, list));
    const meta: Meta = { boot: bootID(), list, files };
    const place = join(this.#folder, `${META}.${crypto.randomUUID()}`);
    writeFileSync(place, Buffer.concat([Buffer.from(`${JSON.stringify(meta)}\n`), this.#records.subarray(0, this.#recordsLength)]), { mode: 0o600 });
    renameSync(place, join(this.#folder, META));
    this.#isCommitted = true;
    const needed = new Set([META, list, ...files.map(({ name }) => name)]);
    for (const name of readdirSync(this.#folder)) if (!needed.has(name)) rmSync(join(this.#folder, name), { force: true });
    removeOldest(dirname(this.#folder));
  }

  /** What cannot be written is only not kept. */
  #write(piece: Uint8Array): void {
    try {
      const target = (this.#target ??= this.#create());
      for (let done = 0; done < piece.length; ) done += writeSync(target.fd, piece, done);
      this.#writtenBytes += piece.length;
    } catch {
      this.#hasFailed = true;
    }
  }

  #create(): { readonly fd: number; readonly name: string } {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const name = crypto.randomUUID();
    return { fd: openSync(join(this.#folder, name), "wx", 0o600), name };
  }
}

function removeOldest(pack: string): void {
  const usedMs = (name: string): number => statSync(join(pack, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const names = readdirSync(pack).sort((one, other) => usedMs(other) - usedMs(one));
  for (const name of names.slice(MAX_FOLDERS)) rmSync(join(pack, name), { recursive: true, force: true });
}

function readMeta(folder: string): { readonly meta: Meta; readonly records: Buffer } | undefined {
  try {
    const bytes = readFileSync(join(folder, META));
    const end = bytes.indexOf("\n");
    const meta = JSON.parse(bytes.toString("utf8", 0, end)) as Meta;
    return meta.boot === bootID() ? { meta, records: bytes.subarray(end + 1) } : undefined;
  } catch {
    return undefined;
  }
}
