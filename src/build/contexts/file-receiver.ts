import { closeSync, writeSync } from "node:fs";
import { EngineError } from "../../base/mod.ts";
import { DIGEST_BYTES } from "../../layer-files/mod.ts";
import { createFile, finishFile, type WantedFile } from "./change-tree.ts";

const MAX_PIECE_BYTES = 16 * 1024 * 1024;

/**
 * Writes files as their content comes: of each wanted file, in order, pieces that begin with their length, and a zero. Digests are
 * computed on the way and put where `digests` has their place.
 */
export class FileReceiver implements Disposable {
  /** Numbers among the files of those that changed while they were read: what came of them is not what was listed. */
  readonly unsettled: number[] = [];
  readonly #tree: string;
  readonly #wanted: readonly WantedFile[];
  readonly #digests: Uint8Array;
  #next = 0;
  #open: { readonly fd: number; readonly hash: Bun.CryptoHasher; sizeBytes: number } | undefined;
  #length = 0;
  #scale = 1;
  /** Of the piece that is being read; 0 between two. */
  #missing = 0;

  constructor(tree: string, wanted: readonly WantedFile[], digests: Uint8Array) {
    this.#tree = tree;
    this.#wanted = wanted;
    this.#digests = digests;
  }

  /** @param due asked after each file: true ends this call; @returns what of `bytes` is left */
  push(bytes: Uint8Array, due: () => boolean): Uint8Array {
    let at = 0;
    while (at < bytes.length) {
      if (this.#missing > 0) {
        const piece = bytes.subarray(at, at + this.#missing);
        this.#write(piece);
        this.#missing -= piece.length;
        at += piece.length;
        continue;
      }
      const byte = bytes[at++] ?? 0;
      this.#length += (byte & 0x7f) * this.#scale;
      this.#scale *= 0x80;
      if (this.#length > MAX_PIECE_BYTES || this.#scale > MAX_PIECE_BYTES * 0x80) throw broken();
      if (byte >= 0x80) continue;
      const length = this.#length;
      this.#length = 0;
      this.#scale = 1;
      if (length > 0) this.#missing = length;
      else {
        this.#finish();
        if (due()) return bytes.subarray(at);
      }
    }
    return bytes.subarray(at);
  }

  /** To be called at the end of the stream. */
  finish(): void {
    if (this.#next < this.#wanted.length || this.#open || this.#missing > 0) throw broken();
  }

  [Symbol.dispose](): void {
    if (this.#open) closeSync(this.#open.fd);
    this.#open = undefined;
  }

  #current(): WantedFile {
    const file = this.#wanted[this.#next];
    if (!file) throw broken();
    return file;
  }

  #write(piece: Uint8Array): void {
    this.#open ??= { fd: createFile(this.#tree, this.#current().entry), hash: new Bun.CryptoHasher("sha256"), sizeBytes: 0 };
    this.#open.hash.update(piece);
    this.#open.sizeBytes += piece.length;
    for (let rest = piece; rest.length > 0; ) rest = rest.subarray(writeSync(this.#open.fd, rest));
  }

  #finish(): void {
    const { entry, file } = this.#current();
    const { fd, hash, sizeBytes } = this.#open ?? { fd: createFile(this.#tree, entry), hash: new Bun.CryptoHasher("sha256"), sizeBytes: 0 };
    this.#open = undefined;
    finishFile(this.#tree, fd, entry);
    this.#digests.set(hash.digest(), file * DIGEST_BYTES);
    if (sizeBytes !== entry.size) this.unsettled.push(file);
    this.#next++;
  }
}

const broken = (): EngineError => new EngineError("InvalidParameter", "the files of the build context did not come as they were asked for");
