import { open, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import type { Digest } from "../../spec/mod.ts";
import { flock } from "../../linux/mod.ts";
import { ifThere, inFolder } from "./file-system.ts";
import { DigestMismatch, UploadBusy, type ObjectInfo, type UploadFollower, type Uploads, type UploadWriter } from "./storage.ts";

const BUFFER_BYTES = 1024 * 1024;
const SYNC_BYTES = 16 * BUFFER_BYTES;
const REMEMBERED = 256;

/** How far a file was hashed, and how it looked then: a file that any other process has written to looks different. */
interface Hashed {
  readonly hasher: Bun.CryptoHasher;
  readonly size: number;
  readonly inode: number;
  readonly modifiedMs: number;
}

/** An upload is one growing file. Its length is the only truth about how much has arrived; who writes holds its lock. */
export class FileUploads implements Uploads {
  /** Spares reading again what came with an earlier request to this process. */
  readonly #hashed = new Map<string, Hashed>();
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  async create(key: string): Promise<void> {
    const path = join(this.#root, key);
    await inFolder(path, async () => await (await open(path, "wx", 0o600)).close());
  }

  async info(key: string): Promise<ObjectInfo | undefined> {
    const found = await ifThere(() => stat(join(this.#root, key)), undefined);
    return found && { size: found.size, modifiedMs: found.mtimeMs };
  }

  async open(key: string): Promise<UploadWriter | undefined> {
    const path = join(this.#root, key);
    const file = await ifThere(() => open(path, "r+"), undefined);
    if (!file) return undefined;
    try {
      if (!flock(file.fd, "exclusive")) throw new UploadBusy("another request is writing to this upload");
      const { ino, size, mtimeMs } = await file.stat();
      // Whoever held the lock may have committed or cancelled it.
      if ((await ifThere(() => stat(path), undefined))?.ino !== ino) {
        await file.close();
        return undefined;
      }
      return new UploadFile({ root: this.#root, path, file, size, hasher: this.#hasherFor(key, { size, ino, mtimeMs }), remember: (hashed) => this.#remember(key, hashed) });
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async remove(key: string): Promise<void> {
    this.#hashed.delete(key);
    await rm(join(this.#root, key), { force: true });
  }

  async follow(key: string): Promise<UploadFollower> {
    // The open file stays what it is when its name changes.
    const file = await open(join(this.#root, key), "r");
    return {
      read: async (offset, maxBytes) => {
        const { buffer, bytesRead } = await file.read(new Uint8Array(maxBytes), 0, maxBytes, offset);
        return buffer.subarray(0, bytesRead);
      },
      [Symbol.asyncDispose]: () => file.close(),
    };
  }

  #hasherFor(key: string, { size, ino, mtimeMs }: { size: number; ino: number; mtimeMs: number }): Bun.CryptoHasher | undefined {
    if (size === 0) return new Bun.CryptoHasher("sha256");
    const known = this.#hashed.get(key);
    this.#hashed.delete(key);
    return known && known.size === size && known.inode === ino && known.modifiedMs === mtimeMs ? known.hasher : undefined;
  }

  #remember(key: string, hashed: Hashed): void {
    this.#hashed.set(key, hashed);
    const oldest = this.#hashed.size > REMEMBERED ? this.#hashed.keys().next().value : undefined;
    if (oldest !== undefined) this.#hashed.delete(oldest);
  }
}

interface OpenUpload {
  readonly root: string;
  readonly path: string;
  readonly file: FileHandle;
  readonly size: number;
  /** Of all bytes so far; undefined when only reading them again can tell. */
  readonly hasher: Bun.CryptoHasher | undefined;
  readonly remember: (hashed: Hashed) => void;
}

/** Two buffers: one is filled while the other is written. The disk begins long before the end, so that the end need not wait for all of it. */
class UploadFile implements UploadWriter {
  readonly #upload: OpenUpload;
  /** Bytes in the file; those on their way there and those in the buffer follow. */
  #written: number;
  #onTheirWay = 0;
  #writing: Promise<void> = Promise.resolve();
  #syncing: Promise<unknown> | undefined;
  /** The kernel tells of a failure once: a later sync would seem to have succeeded. */
  #syncFailure: unknown;
  #synced: number;
  #buffer: Uint8Array | undefined;
  #spare: Uint8Array | undefined;
  #buffered = 0;
  #open = true;

  constructor(upload: OpenUpload) {
    this.#upload = upload;
    this.#written = this.#synced = upload.size;
  }

  get offset(): number {
    return this.#written + this.#onTheirWay + this.#buffered;
  }

  get stored(): number {
    return this.#written;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#upload.hasher?.update(bytes);
    for (let done = 0; done < bytes.length; ) {
      this.#buffer ??= new Uint8Array(BUFFER_BYTES);
      const part = bytes.subarray(done, done + BUFFER_BYTES - this.#buffered);
      this.#buffer.set(part, this.#buffered);
      this.#buffered += part.length;
      done += part.length;
      if (this.#buffered === BUFFER_BYTES) await this.#passOn();
    }
  }

  async commit(key: string, digest: Digest): Promise<void> {
    const { file, path, root } = this.#upload;
    await this.#flush();
    const hasher = this.#upload.hasher ?? (await hashFile(file));
    const actual = `sha256:${hasher.digest("hex")}`;
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
    await inFolder(target, () => rename(path, target));
    await this.#close();
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
    if (this.#buffered > 0) await this.#passOn();
    await this.#writing;
  }

  /** Begins to write the full buffer as soon as the one before is written. */
  async #passOn(): Promise<void> {
    await this.#writing;
    const full = this.#buffer ?? new Uint8Array();
    this.#onTheirWay = this.#buffered;
    this.#buffer = this.#spare;
    this.#buffered = 0;
    this.#writing = this.#store(full, this.#onTheirWay);
    // Whoever comes next waits for it and hears of its failure.
    this.#writing.catch(() => undefined);
  }

  async #store(buffer: Uint8Array, length: number): Promise<void> {
    const { file } = this.#upload;
    await writeAll(file, buffer.subarray(0, length), this.#written);
    this.#written += length;
    this.#onTheirWay = 0;
    this.#spare = buffer;
    if (this.#syncing || this.#written - this.#synced < SYNC_BYTES) return;
    this.#synced = this.#written;
    this.#syncing = file.datasync().then(
      () => (this.#syncing = undefined),
      (error: unknown) => {
        this.#syncing = undefined;
        this.#syncFailure ??= error;
      },
    );
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
    this.#buffer = this.#spare = undefined;
    await this.#syncing;
    await this.#upload.file.close();
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
}

async function hashFile(file: FileHandle): Promise<Bun.CryptoHasher> {
  const hasher = new Bun.CryptoHasher("sha256");
  const buffer = new Uint8Array(BUFFER_BYTES);
  for (let position = 0; ; ) {
    const { bytesRead } = await file.read(buffer, 0, BUFFER_BYTES, position);
    if (bytesRead === 0) return hasher;
    hasher.update(buffer.subarray(0, bytesRead));
    position += bytesRead;
  }
}
