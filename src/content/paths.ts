import { join } from "node:path";
import { digestHex, type Digest } from "../spec/mod.ts";

/**
 * <content>/blobs/sha256/<hex>   complete and verified; never changed
 * <content>/ingest/<n>           on the way in; swept at open
 * <content>/partial/<hex>        downloads that were cut, to be gone on with; swept by age and size
 */
export interface ContentPaths {
  readonly root: string;
}

export const blobsDir = ({ root }: ContentPaths): string => join(root, "blobs", "sha256");
export const ingestDir = ({ root }: ContentPaths): string => join(root, "ingest");
export const partialDir = ({ root }: ContentPaths): string => join(root, "partial");
export const partialPath = (paths: ContentPaths, digest: Digest): string => join(partialDir(paths), digestHex(digest));
export const blobPath = (paths: ContentPaths, digest: Digest): string => join(blobsDir(paths), digestHex(digest));
