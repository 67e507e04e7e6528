import { fstatSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { EngineError } from "../base/mod.ts";
import { digestHex, type Digest } from "../spec/mod.ts";

/** One way through a blob. */
export interface BlobReader extends AsyncDisposable {
  /** Bytes that are still to come. */
  readonly left: number;
  /** Fills the target as far as there are more bytes; 0 at the end, when they were those that they should be. @throws EngineError System when the disk changed them */
  read(target: Uint8Array): Promise<number>;
}

export async function openBlobReader(path: string, digest: Digest): Promise<BlobReader> {
  try {
    return new FileReader(await open(path, "r"), digest);
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === "ENOENT" ? missing(digest) : error;
  }
}

class FileReader implements BlobReader {
  readonly #hasher = new Bun.CryptoHasher("sha256");
  left: number;

  constructor(
    readonly file: FileHandle,
    readonly digest: Digest,
  ) {
    this.left = fstatSync(file.fd).size;
  }

  async read(target: Uint8Array): Promise<number> {
    const wanted = Math.min(target.length, this.left);
    let filled = 0;
    while (filled < wanted) {
      const { bytesRead } = await this.file.read(target, filled, wanted - filled, null);
      if (bytesRead === 0) throw damaged(this.digest);
      filled += bytesRead;
    }
    this.left -= filled;
    if (filled > 0) this.#hasher.update(target.subarray(0, filled));
    else if (this.#hasher.digest("hex") !== digestHex(this.digest)) throw damaged(this.digest);
    return filled;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.file.close();
  }
}

export const missing = (digest: Digest): EngineError => new EngineError("NotFound", `content ${digest} not found`);
export const damaged = (digest: Digest): EngineError => new EngineError("System", `content ${digest} is damaged on disk: load or pull the image again`);
