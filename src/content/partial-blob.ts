import { type FileHandle, link, open, rm, truncate } from "node:fs/promises";
import type { Digest } from "../spec/mod.ts";
import { blobPath, partialPath, type ContentPaths } from "./paths.ts";

/**
 * A blob that arrives under its promised digest and keeps what has come over cuts and crashes. Nobody sees it as a blob before
 * `accept`, which comes when something refers to it: until then it can be gone on with. One writer at a time. Disposing keeps the bytes.
 */
export interface PartialBlob extends AsyncDisposable {
  /** Its file; grows only at its end, but for `restart`. */
  readonly path: string;
  /** Bytes that came, some of which may still wait to be written. */
  readonly size: number;
  write(bytes: Uint8Array): Promise<void>;
  /** Everything that came is with the kernel then. */
  flush(): Promise<void>;
  /** From the beginning again. */
  restart(): Promise<void>;
  /** All has come: nothing more is written. */
  seal(): Promise<void>;
  /** Makes it a blob as well; `path` stays until disposal. The caller has verified what the file holds; `sync` of the store must follow before anything refers to it. */
  accept(): Promise<void>;
  /** Nothing of it stays. */
  discard(): Promise<void>;
}

/** A system call per network packet would cost more than the copy. */
const BUFFER_BYTES = 1024 * 1024;
/** Written back while more arrives, so that the image's end does not wait for the disk. */
const WRITE_BACK_BYTES = 16 * 1024 * 1024;

export interface PartialListener {
  /** Bytes that are with the kernel. */
  onFlush(bytes: number): void;
  /** Once: nothing more happens to the file. */
  onClose(): void;
}

export async function openPartialBlob(paths: ContentPaths, digest: Digest, listener: PartialListener): Promise<PartialBlob> {
  const path = partialPath(paths, digest);
  const file = await open(path, "a", 0o600);
  const { size } = await file.stat();
  return new PartialFile(paths, digest, path, file, size, listener);
}

class PartialFile implements PartialBlob {
  #buffer: Uint8Array | undefined;
  #buffered = 0;
  #written: number;
  #open = true;
  #unsynced = 0;
  #syncing: Promise<void> | undefined;
  #accepted = false;
  #ended = false;

  constructor(
    readonly paths: ContentPaths,
    readonly digest: Digest,
    readonly path: string,
    readonly file: FileHandle,
    size: number,
    readonly listener: PartialListener,
  ) {
    this.#written = size;
  }

  get size(): number {
    return this.#written + this.#buffered;
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (bytes.length >= BUFFER_BYTES / 2) {
      await this.flush();
      await this.#writeAll(bytes);
      this.listener.onFlush(this.#written);
      return;
    }
    if (this.#buffered + bytes.length > BUFFER_BYTES) await this.flush();
    this.#buffer ??= new Uint8Array(BUFFER_BYTES);
    this.#buffer.set(bytes, this.#buffered);
    this.#buffered += bytes.length;
  }

  async flush(): Promise<void> {
    if (!this.#buffer || this.#buffered === 0) return;
    const bytes = this.#buffer.subarray(0, this.#buffered);
    // What a full disk refuses is not counted twice.
    this.#buffered = 0;
    await this.#writeAll(bytes);
    this.listener.onFlush(this.#written);
  }

  async restart(): Promise<void> {
    this.#buffered = 0;
    await truncate(this.path, 0);
    this.#written = 0;
  }

  async seal(): Promise<void> {
    await this.flush();
    await this.#close();
  }

  async accept(): Promise<void> {
    await this.seal();
    await link(this.path, blobPath(this.paths, this.digest)).catch((error: NodeJS.ErrnoException) => {
      // It came by another way meanwhile.
      if (error.code !== "EEXIST") throw error;
    });
    this.#accepted = true;
  }

  async discard(): Promise<void> {
    if (this.#ended) return;
    this.#buffered = 0;
    await this.#close();
    await rm(this.path, { force: true });
    this.#end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended) return;
    // What cannot be written now is fetched again, ignoring.
    await this.flush().catch(() => undefined);
    await this.#close();
    if (this.#written === 0 || this.#accepted) await rm(this.path, { force: true });
    this.#end();
  }

  #end(): void {
    this.#ended = true;
    this.listener.onClose();
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.file.write(bytes, done, bytes.length - done);
      done += bytesWritten;
      this.#written += bytesWritten;
      this.#unsynced += bytesWritten;
    }
    if (this.#unsynced >= WRITE_BACK_BYTES && !this.#syncing) this.#writeBack();
  }

  /** What it cannot do, the sync of the store will say, ignoring. */
  #writeBack(): void {
    this.#unsynced = 0;
    this.#syncing = this.file.datasync().catch(() => undefined).finally(() => (this.#syncing = undefined));
  }

  async #close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    this.#buffer = undefined;
    await this.#syncing;
    await this.file.close();
  }
}
