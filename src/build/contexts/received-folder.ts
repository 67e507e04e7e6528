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

  /** Of regular files. */
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
  for (const { path, mode } of readListing(listing)) {
    if (kindOfMode(mode) !== FILE_KIND.file) continue;
    found.set(path, `sha256:${hex.toString("hex", at, at + DIGEST_BYTES)}`);
    at += DIGEST_BYTES;
  }
  return found;
}
