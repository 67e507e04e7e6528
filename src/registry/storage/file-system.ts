import { closeSync, fstatSync, mkdirSync, openSync, readSync, statSync } from "node:fs";
import { mkdir, open, opendir, rename, rm, rmdir, stat, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { EngineError } from "../../base/mod.ts";
import { hasCode } from "../../linux/mod.ts";
import { FileUploads } from "./file-uploads.ts";
import type { ByteRange, ObjectInfo, Storage } from "./storage.ts";

const TEMPORARY = "tmp";

/** Each key is a file. Every change is a rename or one system call, so that a kill at any moment leaves the old state or the new. */
export class FileSystemStorage implements Storage {
  readonly uploads: FileUploads;
  readonly #root: string;

  /** @throws when the folder cannot be made */
  constructor(root: string) {
    this.#root = root;
    mkdirSync(join(root, TEMPORARY), { recursive: true, mode: 0o700 });
    this.uploads = new FileUploads(root);
  }

  // Small files lie in the page cache; a thread's round trip would cost several times the read.
  read(key: string, maxBytes: number): Promise<Uint8Array | undefined> {
    return Promise.try(() => readSmall(join(this.#root, key), maxBytes));
  }

  async write(key: string, bytes: Uint8Array): Promise<void> {
    const path = join(this.#root, key);
    if (bytes.length === 0) return await inFolder(path, async () => await (await open(path, "w", 0o600)).close());
    const temporary = join(this.#root, TEMPORARY, crypto.randomUUID());
    try {
      await writeDurably(temporary, bytes);
      await inFolder(path, () => rename(temporary, path));
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  info(key: string): Promise<ObjectInfo | undefined> {
    return Promise.try(() => {
      const found = statSync(join(this.#root, key), { throwIfNoEntry: false });
      return found?.isFile() ? { size: found.size, modifiedMs: found.mtimeMs } : undefined;
    });
  }

  async touch(key: string): Promise<boolean> {
    const now = new Date();
    return await ifThere(async () => (await utimes(join(this.#root, key), now, now), true), false);
  }

  async remove(key: string): Promise<void> {
    await rm(join(this.#root, key), { force: true });
  }

  async *list(key: string): AsyncGenerator<string, void, void> {
    const folder = await ifThere(() => opendir(join(this.#root, key)), undefined);
    if (!folder) return;
    try {
      for await (const { name } of folder) yield name;
    } catch (error) {
      // It is read when it is asked for, not when it is opened: a folder that went meanwhile holds nothing.
      if (!hasCode(error, "ENOENT")) throw error;
    }
  }

  body(key: string, { start, end }: ByteRange): Promise<Blob> {
    return Promise.resolve(Bun.file(join(this.#root, key)).slice(start, end));
  }

  /** Files were synced before they got their names: what is left are the folders, up to the root. */
  async settle(keys: readonly string[]): Promise<void> {
    const folders = new Set<string>();
    for (const key of keys) for (let folder = dirname(key); folder !== "."; folder = dirname(folder)) folders.add(folder);
    await Promise.all([...folders].map((folder) => ifThere(() => syncFolder(join(this.#root, folder)), undefined)));
  }

  async sweep(olderThanMs: number): Promise<void> {
    for await (const name of this.list(TEMPORARY)) {
      const path = join(this.#root, TEMPORARY, name);
      const modifiedMs = await ifThere(async () => (await stat(path)).mtimeMs, undefined);
      if (modifiedMs !== undefined && modifiedMs < olderThanMs) await rm(path, { force: true });
    }
  }

  async tidy(key: string): Promise<void> {
    try {
      await rmdir(join(this.#root, key));
    } catch (error) {
      if (!hasCode(error, "ENOTEMPTY", "EEXIST", "ENOENT", "ENOTDIR")) throw error;
    }
  }
}

function readSmall(path: string, maxBytes: number): Uint8Array | undefined {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
  try {
    const { size } = fstatSync(fd);
    if (size > maxBytes) throw new EngineError("TooLarge", `${path} is larger than the ${maxBytes} bytes allowed`);
    const bytes = new Uint8Array(size);
    return bytes.subarray(0, readSync(fd, bytes, 0, size, 0));
  } finally {
    closeSync(fd);
  }
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  await using file = await open(path, "wx", 0o600);
  await file.writeFile(bytes);
  await file.datasync();
}

async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, "r");
  await folder.sync();
}

/** Folders are made when they are first needed, and again should another process have tidied them away. */
export async function inFolder<T>(path: string, act: () => Promise<T>): Promise<T> {
  for (let left = 3; ; left--) {
    try {
      return await act();
    } catch (error) {
      if (left === 0 || !hasCode(error, "ENOENT")) throw error;
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    }
  }
}

export async function ifThere<T, U>(act: () => Promise<T>, otherwise: U): Promise<T | U> {
  try {
    return await act();
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return otherwise;
    throw error;
  }
}
