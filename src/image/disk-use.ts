import type { Digest } from "../spec/mod.ts";
import type { ImageStore } from "./store.ts";

/** Bytes of content beside the unpacked layers: blobs as they came, manifests, configs, and downloads that were cut. */
export interface ContentUse {
  /** What an image and the indexes of its names refer to; `shared` is what others refer to as well. */
  ofImage(id: Digest): { readonly bytes: number; readonly shared: number };
  /** Everything, each blob once, also what no image refers to. */
  readonly total: number;
}

export async function contentUse(store: ImageStore): Promise<ContentUse> {
  const { blobs, others } = await store.content.sizes();
  const byImage = new Map(store.rows().map(({ id }) => [id, blobsOf(store, id)]));
  const users = new Map<Digest, number>();
  for (const digests of byImage.values()) for (const digest of digests) users.set(digest, (users.get(digest) ?? 0) + 1);
  const sum = (digests: Iterable<Digest>): number => [...digests].reduce((bytes, digest) => bytes + (blobs.get(digest) ?? 0), 0);
  return {
    ofImage: (id) => {
      const digests = [...(byImage.get(id) ?? [])];
      return { bytes: sum(digests), shared: sum(digests.filter((digest) => (users.get(digest) ?? 0) > 1)) };
    },
    total: sum(blobs.keys()) + others,
  };
}

function blobsOf(store: ImageStore, id: Digest): Set<Digest> {
  return new Set([...store.blobsOf(id), ...store.indexes.ofImage(id).flatMap((index) => store.indexes.blobs(index))]);
}
