import { rename, rm, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import type { Digest } from "../../spec/mod.ts";
import { ifThere, inFolder } from "./file-system.ts";
import { giveBack } from "./give-back.ts";
import { DigestMismatch, UploadGone, type UploadWriter } from "./storage.ts";

/** The kernel takes pages as large as a write; on virtual machines the largest are those that the host has yet to give, at several times the cost of the copy. */
const WRITE_BYTES = 128 * 1024;
/** Of a client that sends byte by byte: what is kept of a piece is more than its bytes. */
const MAX_PIECES = 64;
const SYNC_BYTES = 16 * 1024 * 1024;
const HASH_BYTES = 1024 * 1024;

/** How far a file was hashed, and how it looked then: a file that any other process has written to looks different. */
export interface Hashed {
  readonly hasher: Bun.CryptoHasher;
  readonly size: number;
  readonly inode: number;
  readonly modifiedMs: number;
}

/** One sync before the end at a time, whatever the number of uploads: each holds a thread, of which there are few. */
export interface EarlySync {
  underWay: boolean;
}

interface OpenUpload {
  readonly root: string;
  readonly path: string;
  readonly file: FileHandle;
  readonly size: number;
  /** Of all bytes so far; undefined when only reading them again can tell. */
  readonly hasher: Bun.CryptoHasher | undefined;
  readonly remember: (hashed: Hashed) => void;
  readonly early: EarlySync;
}

/** Gathers while it writes. The disk begins long before the end, so that the end need not wait for all of it. */
export class FileUpload implements UploadWriter {
  readonly #upload: OpenUpload;
  /** Bytes in the file; those on their way there and those gathered follow. */
  #written: number;
  #onTheirWay = 0;
  #writing: Promise<void> = Promise.resolve();
  #gathered: Uint8Array[] = [];
  #gatheredBytes = 0;
  #syncing: Promise<unknown> | undefined;
  /** The kernel tells of a failure once: a later sync would seem to have succeeded. */
  #syncFailure: unknown;
  #synced: number;
  #open = true;

  constructor(upload: OpenUpload) {
    this.#upload = upload;
    this.#written = this.#synced = upload.size;
  }

  get offset(): number {
    return this.#written + this.#onTheirWay + this.#gatheredBytes;
  }

  get stored(): number {
    return this.#written;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#upload.hasher?.update(bytes);
    this.#gathered.push(bytes);
    this.#gatheredBytes += bytes.length;
    if (this.#gatheredBytes >= WRITE_BYTES || this.#gathered.length === MAX_PIECES) await this.#passOn();
  }

  async commit(key: string, digest: Digest): Promise<void> {
    const { file, path, root, hasher } = this.#upload;
    await this.#flush();
    const actual = `sha256:${(hasher?.copy() ?? (await hashFile(file))).digest("hex")}`;
    if (actual !== digest) {
      await rm(path, { force: true });
      await this.#close();
      throw new DigestMismatch(digest, actual);
    }
    await this.#endSync();
    await file.datasync();
    // As young as its commit, not as its last byte: the garbage collector goes by age.
    const now = new Date();
    await file.utimes(now, now);
    const target = join(root, key);
    const isCommitted = await ifThere(() => inFolder(target, async () => (await rename(path, target), true)), false);
    await this.#close();
    if (!isCommitted) throw new UploadGone("the upload was cancelled");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#open) return;
    const { file, hasher, remember } = this.#upload;
    try {
      await this.#flush();
      await this.#endSync();
      const { size, ino, mtimeMs } = await file.stat();
      if (hasher && size === this.#written) remember({ hasher, size, inode: ino, modifiedMs: mtimeMs });
    } finally {
      await this.#close();
    }
  }

  /** Resolves when everything is in the file. */
  async #flush(): Promise<void> {
    if (this.#gatheredBytes > 0) await this.#passOn();
    await this.#writing;
  }

  /** Begins to write what is gathered as soon as what was before is written. */
  async #passOn(): Promise<void> {
    await this.#writing;
    this.#writing = this.#store(this.#gathered, this.#gatheredBytes);
    this.#onTheirWay = this.#gatheredBytes;
    this.#gathered = [];
    this.#gatheredBytes = 0;
    // Whoever comes next waits for it and hears of its failure.
    this.#writing.catch(() => undefined);
  }

  async #store(pieces: readonly Uint8Array[], length: number): Promise<void> {
    const { file, early } = this.#upload;
    await writeAll(file, pieces, length, this.#written);
    pieces.forEach(giveBack);
    this.#written += length;
    this.#onTheirWay = 0;
    if (early.underWay || this.#written - this.#synced < SYNC_BYTES) return;
    this.#synced = this.#written;
    early.underWay = true;
    this.#syncing = file.datasync().catch((error: unknown) => (this.#syncFailure ??= error)).finally(() => (early.underWay = false));
  }

  /** @throws what a sync failed with: the upload is given up, for nobody knows what the disk has of it */
  async #endSync(): Promise<void> {
    await this.#syncing;
    if (this.#syncFailure === undefined) return;
    await rm(this.#upload.path, { force: true });
    throw this.#syncFailure;
  }

  async #close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#syncing;
    await this.#upload.file.close();
  }
}

async function writeAll(file: FileHandle, pieces: readonly Uint8Array[], length: number, position: number): Promise<void> {
  for (let done = 0; done < length; ) done += (await file.writev(between(pieces, done, done + WRITE_BYTES), position + done)).bytesWritten;
}

/** A part of what some pieces are together. */
function between(pieces: readonly Uint8Array[], start: number, end: number): Uint8Array[] {
  let at = 0;
  return pieces.flatMap((piece) => {
    const part = piece.subarray(Math.max(0, start - at), Math.max(0, end - at));
    at += piece.length;
    return part.length > 0 ? part : [];
  });
}

async function hashFile(file: FileHandle): Promise<Bun.CryptoHasher> {
  const hasher = new Bun.CryptoHasher("sha256");
  const buffer = new Uint8Array(HASH_BYTES);
  for (let position = 0; ; ) {
    const { bytesRead } = await file.read(buffer, 0, HASH_BYTES, position);
    if (bytesRead === 0) return hasher;
    hasher.update(buffer.subarray(0, bytesRead));
    position += bytesRead;
  }
}
