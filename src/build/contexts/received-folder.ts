import { fileDigest, folderDigest, linkDigest, nodeDigest } from "../../layer-files/mod.ts";
import { FILE_KIND, kindOfMode, readListing } from "../../spec/mod.ts";
import type { ClientFolder } from "../client.ts";
import { DIGEST_BYTES, type ContextIndex } from "./index-file.ts";

/** A copy of a client's folder, held for one build. */
export class ReceivedFolder implements ClientFolder {
  #digests: ReadonlyMap<string, string> | undefined;
  #release: (() => Promise<void>) | undefined;

  constructor(
    readonly folder: string,
    readonly index: ContextIndex,
    release: () => Promise<void>,
  ) {
    this.#release = release;
  }

  /** Of every entry. */
  get digests(): ReadonlyMap<string, string> {
    this.#digests ??= digestsByPath(this.index);
    return this.#digests;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const release = this.#release;
    this.#release = undefined;
    await release?.();
  }
}

function digestsByPath({ listing, digests }: ContextIndex): Map<string, string> {
  const hex = Buffer.from(digests.buffer, digests.byteOffset, digests.length);
  const found = new Map<string, string>();
  let at = 0;
  for (const { path, mode, linkTarget = "" } of readListing(listing)) {
    const kind = kindOfMode(mode);
    if (kind === FILE_KIND.folder) found.set(path, folderDigest(mode));
    else if (kind === FILE_KIND.link) found.set(path, linkDigest(linkTarget));
    else if (kind !== FILE_KIND.file) found.set(path, nodeDigest(mode, 0, 0));
    else {
      found.set(path, fileDigest(mode, `sha256:${hex.toString("hex", at, at + DIGEST_BYTES)}`));
      at += DIGEST_BYTES;
    }
  }
  return found;
}
