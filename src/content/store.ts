import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readdirSync, readSync, rmSync, statSync } from "node:fs";
import { open, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { EngineError } from "../base/mod.ts";
import { digestHex, parseDigest, type Digest } from "../spec/mod.ts";
import { damaged, missing, openBlobReader, type BlobReader } from "./blob-reader.ts";
import { openBlobWriter, syncFolder, type Blob, type BlobWriter } from "./blob-writer.ts";
import { openPartialBlob, type PartialBlob } from "./partial-blob.ts";
import { dropPartials, PARTIAL_LIMITS, sweepPartials, type PartialLimits } from "./partial-sweep.ts";
import { blobPath, blobsDir, ingestDir, partialDir, type ContentPaths } from "./paths.ts";

export interface IngestOptions {
  readonly expected?: Digest | undefined;
  readonly maxBytes?: number;
  readonly durable?: boolean;
}

const NO_LIMIT = Number.MAX_SAFE_INTEGER;
const CHUNK_BYTES = 1024 * 1024;
const STATS_AT_ONCE = 64;

/**
 * Blobs by digest. A blob that is there is complete: it was hashed on its way in and renamed into place.
 *
 *   const { digest } = await content.ingest(body, { expected, maxBytes });
 *   for await (const bytes of content.open(digest)) …      // throws before the end when the disk changed it
 */
export class ContentStore {
  readonly #paths: ContentPaths;
  readonly #partialLimits: PartialLimits;
  /** Names of those being written. */
  readonly #partials = new Set<string>();
  #nextIngest = 0;

  /** Opens the store and sweeps what a crash left on the way in. */
  constructor(root: string, partialLimits: PartialLimits = PARTIAL_LIMITS) {
    this.#paths = { root };
    this.#partialLimits = partialLimits;
    mkdirSync(blobsDir(this.#paths), { recursive: true, mode: 0o700 });
    rmSync(ingestDir(this.#paths), { recursive: true, force: true });
    mkdirSync(ingestDir(this.#paths), { recursive: true, mode: 0o700 });
    mkdirSync(partialDir(this.#paths), { recursive: true, mode: 0o700 });
    this.#sweepPartials();
  }

  /** @throws EngineError InvalidParameter (digest), TooLarge */
  async ingest(stream: AsyncIterable<Uint8Array>, { expected, maxBytes = NO_LIMIT, durable = true }: IngestOptions = {}): Promise<Blob> {
    await using writer = await this.writer(maxBytes);
    for await (const chunk of stream) await writer.write(chunk);
    return await writer.commit({ expected, durable });
  }

  /** For content that is pushed rather than pulled; dispose it unless it was committed (harmless then). */
  writer(maxBytes: number = NO_LIMIT): Promise<BlobWriter> {
    return openBlobWriter(this.#paths, join(ingestDir(this.#paths), String(this.#nextIngest++)), maxBytes);
  }

  /**
   * A download that goes on where an earlier one was cut. One at a time per digest: who downloads shares the work.
   * @param onFlush hears how many bytes of it are with the kernel
   */
  async partial(digest: Digest, onFlush: (bytes: number) => void = () => undefined): Promise<PartialBlob> {
    const name = digestHex(digest);
    if (this.#partials.has(name)) throw new EngineError("Conflict", `content ${digest} is being downloaded already`);
    this.#partials.add(name);
    try {
      return await openPartialBlob(this.#paths, digest, { onFlush, onClose: () => this.#endPartial(name) });
    } catch (error) {
      this.#partials.delete(name);
      throw error;
    }
  }

  /** The digest of a download's file as it lies on the disk. */
  async digestOf(path: string): Promise<Digest> {
    await using file = await open(path, "r");
    const hasher = new Bun.CryptoHasher("sha256");
    const buffer = new Uint8Array(CHUNK_BYTES);
    for (let { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, null); bytesRead > 0; { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, null)) hasher.update(buffer.subarray(0, bytesRead));
    return parseDigest(`sha256:${hasher.digest("hex")}`);
  }

  async put(bytes: Uint8Array | string, options: { readonly durable?: boolean } = {}): Promise<Blob> {
    await using writer = await this.writer();
    await writer.write(typeof bytes === "string" ? Buffer.from(bytes) : bytes);
    return await writer.commit(options);
  }

  /** Makes blobs that were committed without `durable` survive a power cut. */
  async sync(digests: readonly Digest[]): Promise<void> {
    await Promise.all(digests.map((digest) => syncFile(this.path(digest))));
    await syncFolder(blobsDir(this.#paths));
  }

  /** The blob's file, for a helper process that verifies what it reads. */
  path(digest: Digest): string {
    return blobPath(this.#paths, digest);
  }

  has(digest: Digest): boolean {
    return existsSync(this.path(digest));
  }

  size(digest: Digest): number | undefined {
    return statSync(this.path(digest), { throwIfNoEntry: false })?.size;
  }

  /** The blob's bytes, verified: a changed blob throws before its last piece is handed out. @throws EngineError NotFound, System */
  async *open(digest: Digest): AsyncGenerator<Uint8Array, void, void> {
    await using reader = await this.reader(digest);
    let held: Uint8Array | undefined;
    for (;;) {
      const buffer = new Uint8Array(Math.min(CHUNK_BYTES, reader.left));
      const length = await reader.read(buffer);
      if (held) yield held;
      if (length === 0) return;
      held = buffer.subarray(0, length);
    }
  }

  /** For whoever has room for the bytes. @throws EngineError NotFound */
  reader(digest: Digest): Promise<BlobReader> {
    return openBlobReader(this.path(digest), digest);
  }

  /** A small blob at once, verified. @throws EngineError NotFound, TooLarge, System */
  read(digest: Digest, maxBytes: number): Uint8Array {
    const bytes = readWhole(this.path(digest), maxBytes, digest);
    if (new Bun.CryptoHasher("sha256").update(bytes).digest("hex") !== digestHex(digest)) throw damaged(digest);
    return bytes;
  }

  /** @throws EngineError InvalidParameter when it is not JSON, and what `read` throws */
  readJson(digest: Digest, maxBytes: number): unknown {
    const bytes = this.read(digest, maxBytes);
    try {
      return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    } catch {
      throw new EngineError("InvalidParameter", `content ${digest} is not valid JSON`);
    }
  }

  /** Missing is done. */
  async remove(digest: Digest): Promise<void> {
    if (this.has(digest)) await rm(this.path(digest), { force: true });
  }

  /** Bytes of every blob, and of what is on its way in or was cut there. */
  async sizes(): Promise<{ readonly blobs: ReadonlyMap<Digest, number>; readonly others: number }> {
    const digests = this.list();
    const blobs = new Map<Digest, number>();
    for (let at = 0; at < digests.length; at += STATS_AT_ONCE) {
      const some = digests.slice(at, at + STATS_AT_ONCE);
      const found = await Promise.all(some.map((digest) => bytesOf(this.path(digest))));
      for (const [index, digest] of some.entries()) blobs.set(digest, found[index] ?? 0);
    }
    const others = await Promise.all([ingestDir(this.#paths), partialDir(this.#paths)].flatMap((folder) => readdirSync(folder).map((name) => bytesOfUnlinked(join(folder, name)))));
    return { blobs, others: others.reduce((sum, bytes) => sum + bytes, 0) };
  }

  /** Downloads that were cut before a time, and that nobody goes on with now. @returns their bytes */
  dropPartials(beforeMs: number): number {
    return dropPartials(partialDir(this.#paths), this.#partials, beforeMs);
  }

  #endPartial(name: string): void {
    this.#partials.delete(name);
    this.#sweepPartials();
  }

  #sweepPartials(): void {
    sweepPartials(partialDir(this.#paths), blobsDir(this.#paths), this.#partials, this.#partialLimits, Date.now());
  }

  list(): Digest[] {
    return readdirSync(blobsDir(this.#paths))
      .filter((name) => /^[0-9a-f]{64}$/.test(name))
      .map((name) => parseDigest(`sha256:${name}`));
  }
}

/** What has gone meanwhile takes no space. */
async function bytesOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}

/** A download that has just become a blob is counted as that. */
async function bytesOfUnlinked(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  return found === undefined || found.nlink > 1 ? 0 : found.size;
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

function readWhole(path: string, maxBytes: number, digest: Digest): Uint8Array {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch {
    throw missing(digest);
  }
  try {
    const { size } = fstatSync(fd);
    if (size > maxBytes) throw new EngineError("TooLarge", `content ${digest} is larger than the ${maxBytes} bytes allowed`);
    const bytes = new Uint8Array(size);
    let filled = 0;
    while (filled < size) {
      const read = readSync(fd, bytes, filled, size - filled, filled);
      if (read === 0) break;
      filled += read;
    }
    return bytes.subarray(0, filled);
  } finally {
    closeSync(fd);
  }
}

