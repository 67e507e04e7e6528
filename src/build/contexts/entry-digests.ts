import { DIGEST_BYTES, fileDigest, folderDigest, linkDigest, nodeDigest, type ContextIndex } from "../../layer-files/mod.ts";
import { FILE_KIND, kindOfMode, readListing } from "../../spec/mod.ts";
import type { Slices } from "./slices.ts";

/** Entries whose digests are remembered, over all copies: some tens of megabytes. */
const MAX_REMEMBERED = 150_000;

interface Remembered {
  readonly index: ContextIndex;
  readonly digests: ReadonlyMap<string, string>;
}

/** The digest of every entry of a copy, by path; those of copies that stayed as they were are not worked out again. */
export class EntryDigests {
  /** The one used last at the end. */
  readonly #remembered = new Map<string, Remembered>();

  async of(folder: string, index: ContextIndex, slices: Slices): Promise<ReadonlyMap<string, string>> {
    const known = this.#remembered.get(folder);
    const isSame = known !== undefined && Buffer.compare(known.index.listing, index.listing) === 0 && Buffer.compare(known.index.digests, index.digests) === 0;
    const digests = isSame ? known.digests : await digestsByPath(index, slices);
    this.#remembered.delete(folder);
    this.#remembered.set(folder, { index, digests });
    this.#forgetOldest();
    return digests;
  }

  forget(folder: string): void {
    this.#remembered.delete(folder);
  }

  #forgetOldest(): void {
    let total = [...this.#remembered.values()].reduce((sum, { digests }) => sum + digests.size, 0);
    for (const [folder, { digests }] of this.#remembered) {
      if (total <= MAX_REMEMBERED) return;
      total -= digests.size;
      this.#remembered.delete(folder);
    }
  }
}

async function digestsByPath({ listing, digests }: ContextIndex, slices: Slices): Promise<Map<string, string>> {
  const hex = Buffer.from(digests.buffer, digests.byteOffset, digests.length);
  const found = new Map<string, string>();
  let at = 0;
  for (const { path, mode, linkTarget = "" } of readListing(listing, "checked")) {
    const kind = kindOfMode(mode);
    if (kind === FILE_KIND.folder) found.set(path, folderDigest(mode));
    else if (kind === FILE_KIND.link) found.set(path, linkDigest(linkTarget));
    else if (kind !== FILE_KIND.file) found.set(path, nodeDigest(mode, 0, 0));
    else {
      found.set(path, fileDigest(mode, `sha256:${hex.toString("hex", at, at + DIGEST_BYTES)}`));
      at += DIGEST_BYTES;
    }
    if (slices.due) await slices.next();
  }
  return found;
}
