import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, readSync, renameSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { bootID } from "../linux/mod.ts";
import { DIGEST_BYTES } from "./context-index.ts";

/** Larger files are read where they lie. */
export const MAX_PACKED_BYTES = 64 * 1024;
const WINDOW_BYTES = 1024 * 1024;
const MAX_FILES = 16;
/** So much of what nobody asked for is kept for the next time. */
const SPARE_BYTES = 32 * 1024 * 1024;
/** Digest, file, offset, size. */
const RECORD_BYTES = DIGEST_BYTES + 12;

interface Place {
  readonly file: number;
  readonly offset: number;
  readonly size: number;
}

/**
 * The contents of many small files one behind the other, by digest: reading them again is reading one file. Only a cache, of one boot of the
 * machine: whoever does not find something in it reads the file itself. Files of a pack are never changed; of two who add at once one is lost.
 */
export class ContentPack implements Disposable {
  readonly #folder: string;
  readonly #names: string[];
  readonly #places: Map<string, Place>;
  readonly #descriptors = new Map<number, number>();
  readonly #window = Buffer.allocUnsafe(WINDOW_BYTES);
  #windowFile = -1;
  #windowAt = 0;
  #windowLength = 0;
  readonly #added = new Map<string, Place>();
  readonly #pending = Buffer.allocUnsafe(WINDOW_BYTES);
  #pendingLength = 0;
  #target: { readonly fd: number; readonly name: string; length: number } | undefined;
  #usedBytes = 0;

  private constructor(folder: string, names: string[], places: Map<string, Place>) {
    this.#folder = folder;
    this.#names = names;
    this.#places = places;
  }

  static open(folder: string): ContentPack {
    try {
      return readPack(folder, (names, places) => new ContentPack(folder, names, places));
    } catch {
      return new ContentPack(folder, [], new Map());
    }
  }

  has(digest: string, size: number): boolean {
    return this.#places.get(digest)?.size === size;
  }

  /** False where it is not there, or cannot be read. */
  read(digest: string, target: Uint8Array): boolean {
    const place = this.#places.get(digest);
    if (place?.size !== target.length) return false;
    const { file, offset, size } = place;
    if (file !== this.#windowFile || offset < this.#windowAt || offset + size > this.#windowAt + this.#windowLength) {
      const fd = this.#descriptor(file);
      if (fd === undefined) return false;
      [this.#windowFile, this.#windowAt, this.#windowLength] = [file, offset, readSync(fd, this.#window, 0, WINDOW_BYTES, offset)];
      if (size > this.#windowLength) return false;
    }
    this.#window.copy(target, 0, offset - this.#windowAt, offset - this.#windowAt + size);
    this.#usedBytes += size;
    return true;
  }

  add(digest: string, content: Uint8Array): void {
    if (content.length > MAX_PACKED_BYTES || this.#places.has(digest) || this.#added.has(digest)) return;
    if (content.length > WINDOW_BYTES - this.#pendingLength) this.#flush();
    const offset = (this.#target?.length ?? 0) + this.#pendingLength;
    this.#pending.set(content, this.#pendingLength);
    this.#pendingLength += content.length;
    this.#added.set(digest, { file: this.#names.length, offset, size: content.length });
  }

  /** Keeps what was added. What is hardly used any more goes, to be made anew. @throws Error when it cannot be written */
  commit(): void {
    const places = new Map([...this.#places, ...this.#added]);
    const totalBytes = [...places.values()].reduce((sum, { size }) => sum + size, 0);
    const usedBytes = [...this.#added.values()].reduce((sum, { size }) => sum + size, this.#usedBytes);
    if (this.#names.length >= MAX_FILES || totalBytes > 2 * usedBytes + SPARE_BYTES) return rmSync(this.#folder, { recursive: true, force: true });
    if (this.#added.size === 0) return;
    this.#flush();
    const names = this.#target ? [...this.#names, this.#target.name] : this.#names;
    writePack(this.#folder, names, places);
    for (const name of readdirSync(this.#folder)) if (name !== INDEX && !names.includes(name)) rmSync(join(this.#folder, name), { force: true });
  }

  [Symbol.dispose](): void {
    for (const fd of this.#descriptors.values()) closeSync(fd);
    if (this.#target) closeSync(this.#target.fd);
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

const INDEX = "index";

function readPack<T>(folder: string, make: (names: string[], places: Map<string, Place>) => T): T {
  const bytes = readFileSync(join(folder, INDEX));
  const headEnd = bytes.indexOf("\n");
  const [boot = "", ...names] = bytes.toString("latin1", 0, headEnd).split(" ");
  const places = new Map<string, Place>();
  if (boot !== bootID()) return make([], places);
  for (let at = headEnd + 1; at + RECORD_BYTES <= bytes.length; at += RECORD_BYTES)
    places.set(bytes.toString("latin1", at, at + DIGEST_BYTES), { file: bytes.readUInt32LE(at + DIGEST_BYTES), offset: bytes.readUInt32LE(at + DIGEST_BYTES + 4), size: bytes.readUInt32LE(at + DIGEST_BYTES + 8) });
  return make(names, places);
}

function writePack(folder: string, names: readonly string[], places: ReadonlyMap<string, Place>): void {
  const head = Buffer.from(`${[bootID(), ...names].join(" ")}\n`, "latin1");
  const bytes = Buffer.alloc(head.length + places.size * RECORD_BYTES);
  head.copy(bytes);
  let at = head.length;
  for (const [digest, { file, offset, size }] of places) {
    bytes.write(digest, at, "latin1");
    bytes.writeUInt32LE(file, at + DIGEST_BYTES);
    bytes.writeUInt32LE(offset, at + DIGEST_BYTES + 4);
    bytes.writeUInt32LE(size, at + DIGEST_BYTES + 8);
    at += RECORD_BYTES;
  }
  const fresh = join(folder, `${INDEX}.${crypto.randomUUID()}`);
  writeFileSync(fresh, bytes, { mode: 0o600 });
  renameSync(fresh, join(folder, INDEX));
}
