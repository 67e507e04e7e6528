import { EngineError } from "../base/mod.ts";
import { parseDigest, type Digest } from "../spec/mod.ts";
import { peek, prepareDecompressor, sniffCompression, MAGIC_BYTES, type Compression, type Decompressor } from "./compression.ts";
import { LayerWriter, type WriterOptions } from "./layer-writer.ts";
import { DEFAULT_LIMITS } from "./limits.ts";
import { TarReader } from "./tar-reader.ts";

export interface AppliedLayer {
  /** Of the bytes as they came. */
  readonly digest: Digest;
  /** Of the uncompressed tar. */
  readonly diffID: Digest;
  /** Bytes that came. */
  readonly compressedSize: number;
  /** Bytes of the files it holds. */
  readonly size: number;
  readonly entries: number;
}

export interface ApplyOptions extends WriterOptions {
  readonly decompressor: Decompressor;
  /** "none" saves hashing the same bytes twice. */
  readonly compression: Compression;
}

/**
 * Writes a layer's archive beneath an open folder and computes both digests in the same pass.
 * What was written when it throws is the caller's to remove.
 */
export async function applyLayer(source: AsyncIterable<Uint8Array>, rootFd: number, options: ApplyOptions): Promise<AppliedLayer> {
  const limits = options.limits ?? DEFAULT_LIMITS;
  const reader = new TarReader(limits);
  using writer = new LayerWriter(rootFd, options);
  const outer = new HashedStream(source);
  const plain = options.compression === "none" ? outer : new HashedStream(options.decompressor.run(outer));
  for await (const chunk of plain) pump(reader, writer, chunk);
  reader.finish();
  writer.finish();
  // A decompressor may stop before trailing bytes; the digest is of all that came.
  const digest = await outer.digest();
  return { digest, diffID: plain === outer ? digest : await plain.digest(), compressedSize: outer.size, size: writer.size, entries: reader.entries };
}

/** Sniffs the compression itself. */
export async function applyUnknownLayer(source: AsyncIterable<Uint8Array>, rootFd: number, options: Omit<ApplyOptions, "decompressor" | "compression"> = {}): Promise<AppliedLayer> {
  const { head, rest } = await peek(source, MAGIC_BYTES);
  const compression = sniffCompression(head);
  using decompressor = prepareDecompressor(compression);
  return await applyLayer(rest, rootFd, { ...options, compression, decompressor });
}

/** Writes an archive whose digests nobody asks for, beneath an open folder. */
export async function copyArchive(source: AsyncIterable<Uint8Array>, rootFd: number, options: ApplyOptions): Promise<void> {
  const reader = new TarReader(options.limits ?? DEFAULT_LIMITS);
  using writer = new LayerWriter(rootFd, options);
  for await (const chunk of options.decompressor.run(source)) pump(reader, writer, chunk);
  reader.finish();
  writer.finish();
}

/** Hands what a piece of the archive holds to the writer. */
export function pump(reader: TarReader, writer: LayerWriter, chunk: Uint8Array): void {
  for (const event of reader.push(chunk)) {
    if (event.kind === "data") writer.data(event.bytes);
    else if (event.kind === "entry") writer.entry(event.entry);
    else writer.end();
  }
}

/** Passes a stream on while hashing it. */
class HashedStream implements AsyncIterable<Uint8Array> {
  readonly #hasher = new Bun.CryptoHasher("sha256");
  readonly #iterator: AsyncIterator<Uint8Array>;
  #size = 0;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#iterator = source[Symbol.asyncIterator]();
  }

  get size(): number {
    return this.#size;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    for (let next = await this.#take(); next !== undefined; next = await this.#take()) yield next;
  }

  /** Reads what is left and returns the digest of everything. */
  async digest(): Promise<Digest> {
    while ((await this.#take()) !== undefined);
    return parseDigest(`sha256:${this.#hasher.digest("hex")}`);
  }

  async #take(): Promise<Uint8Array | undefined> {
    const next = await this.#iterator.next();
    if (next.done) return undefined;
    this.#hasher.update(next.value);
    this.#size += next.value.length;
    return next.value;
  }
}

/** @throws EngineError InvalidParameter when what came is not what was promised */
export function checkApplied(applied: AppliedLayer, expected: { readonly digest?: Digest | undefined; readonly diffID?: Digest | undefined }): void {
  if (expected.digest !== undefined && expected.digest !== applied.digest)
    throw new EngineError("InvalidParameter", `layer ${expected.digest} does not match its content, which is ${applied.digest}`);
  if (expected.diffID !== undefined && expected.diffID !== applied.diffID)
    throw new EngineError("InvalidParameter", `wrong diff id calculated on extraction: the image promises ${expected.diffID}, the layer is ${applied.diffID}`);
}
