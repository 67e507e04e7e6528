import { open, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { flock } from "../../linux/mod.ts";
import { ifThere, inFolder } from "./file-system.ts";
import { FileUpload, type EarlySync, type Hashed } from "./file-upload.ts";
import { UploadBusy, type ObjectInfo, type UploadFollower, type Uploads, type UploadWriter } from "./storage.ts";

const REMEMBERED = 256;

/** An upload is one growing file. Its length is the only truth about how much has arrived; who writes holds its lock. */
export class FileUploads implements Uploads {
  /** Spares reading again what came with an earlier request to this process. */
  readonly #hashed = new Map<string, Hashed>();
  readonly #early: EarlySync = { underWay: false };
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
      return new FileUpload({ root: this.#root, path, file, size, hasher: this.#hasherFor(key, { size, ino, mtimeMs }), remember: (hashed) => this.#remember(key, hashed), early: this.#early });
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
