import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { EngineError } from "../base/mod.ts";
import { parseDigest, type Digest } from "../spec/mod.ts";
import { blobPath, blobsDir, type ContentPaths } from "./paths.ts";

export interface Blob {
  readonly digest: Digest;
  readonly size: number;
}

export interface BlobWriter extends AsyncDisposable {
  /** Where the bytes go until they are committed; the last of them may still wait to be written. */
  readonly ingestPath: string;
  /** Resolves when the bytes are with the kernel; they may be reused then. @throws EngineError TooLarge */
  write(bytes: Uint8Array): Promise<void>;
  /**
   * Makes the blob visible under its digest. `durable` (the default) syncs file and folder first; without, `sync` of the store must follow
   * before anything refers to it.
   * @throws EngineError InvalidParameter when the content is not the expected
   */
  commit(options?: { readonly expected?: Digest | undefined; readonly durable?: boolean }): Promise<Blob>;
}

/** Small writes are gathered; a system call per network packet would cost more than the copy. */
const BUFFER_BYTES = 1024 * 1024;

export async function openBlobWriter(paths: ContentPaths, ingestPath: string, maxBytes: number): Promise<BlobWriter> {
  const file = await open(ingestPath, "wx", 0o600);
  return new IngestFile(paths, ingestPath, file, maxBytes);
}

class IngestFile implements BlobWriter {
  readonly #hasher = new Bun.CryptoHasher("sha256");
  #buffer: Uint8Array | undefined;
  #buffered = 0;
  #size = 0;
  #open = true;

  constructor(
    readonly paths: ContentPaths,
    readonly ingestPath: string,
    readonly file: FileHandle,
    readonly maxBytes: number,
  ) {}

  async write(bytes: Uint8Array): Promise<void> {
    this.#size += bytes.length;
    if (this.#size > this.maxBytes) throw new EngineError("TooLarge", `the content is larger than the ${this.maxBytes} bytes allowed`);
    this.#hasher.update(bytes);
    if (bytes.length >= BUFFER_BYTES / 2) {
      await this.#flush();
      return await this.#writeAll(bytes);
    }
    if (this.#buffered + bytes.length > BUFFER_BYTES) await this.#flush();
    this.#buffer ??= new Uint8Array(BUFFER_BYTES);
    this.#buffer.set(bytes, this.#buffered);
    this.#buffered += bytes.length;
  }

  async commit({ expected, durable = true }: { expected?: Digest | undefined; durable?: boolean } = {}): Promise<Blob> {
    await this.#flush();
    const digest = parseDigest(`sha256:${this.#hasher.digest("hex")}`);
    if (expected !== undefined && expected !== digest) throw new EngineError("InvalidParameter", `the content does not match its digest ${expected}: it is ${digest}`);
    if (durable) await this.file.sync();
    await this.#close();
    await rename(this.ingestPath, blobPath(this.paths, digest));
    if (durable) await syncFolder(blobsDir(this.paths));
    return { digest, size: this.#size };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#open) return;
    await this.#close();
    await rm(this.ingestPath, { force: true });
  }

  async #flush(): Promise<void> {
    if (this.#buffer && this.#buffered > 0) await this.#writeAll(this.#buffer.subarray(0, this.#buffered));
    this.#buffered = 0;
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length; ) done += (await this.file.write(bytes, done, bytes.length - done)).bytesWritten;
  }

  async #close(): Promise<void> {
    this.#open = false;
    this.#buffer = undefined;
    await this.file.close();
  }
}

/** Off the event loop, unlike `syncFolder` of base. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
