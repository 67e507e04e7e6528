import { linkSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { DIGEST_BYTES, type ContextIndex } from "../../layer-files/mod.ts";
import { FILE_KIND, kindOfMode, readListing } from "../../spec/mod.ts";
import type { Slices } from "./slices.ts";

/** A second tree of the same files, by links: a tree that a build reads stays as it is while the other one changes. What cannot be linked is missing in the index. */
export async function cloneTree(from: string, to: string, { listing, digests, sizeBytes }: ContextIndex, slices: Slices): Promise<ContextIndex> {
  const cloned = Buffer.from(digests);
  let file = 0;
  for (const { path, mode, linkTarget } of readListing(listing, "checked")) {
    const kind = kindOfMode(mode);
    if (kind === FILE_KIND.folder) mkdirSync(join(to, path), { mode: 0o700 });
    else if (kind === FILE_KIND.link) symlinkSync(linkTarget ?? "", join(to, path));
    else linkFile(join(from, path), join(to, path), kind === FILE_KIND.file ? cloned.subarray(file * DIGEST_BYTES, (file + 1) * DIGEST_BYTES) : undefined);
    if (kind === FILE_KIND.file) file++;
    if (slices.due) await slices.next();
  }
  return { listing, digests: cloned, sizeBytes };
}

/** A file may have as many names as it can: then its content is sent again. */
function linkFile(from: string, to: string, digest: Uint8Array | undefined): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if (!digest) throw error;
    digest.fill(0);
  }
}
