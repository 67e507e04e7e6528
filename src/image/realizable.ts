import type { ContentStore } from "../content/mod.ts";
import type { Digest } from "../spec/mod.ts";
import type { LayerSource } from "./install.ts";
import type { ImageStore } from "./store.ts";

/**
 * How a layer that is here can leave again: as the descriptor says where its blob is here, otherwise in the form that another image has it in
 * (one that was loaded has it uncompressed, one that was made here packs it from its folder).
 */
export function realizable({ store, content }: { readonly store: ImageStore; readonly content: ContentStore }, chainID: Digest, layer: LayerSource): LayerSource {
  if (content.has(layer.digest)) return layer;
  const diffID = store.snapshots.layers.byChainID(chainID)?.diffID;
  for (const { image, position } of store.placesOf(chainID)) {
    const row = store.row(image);
    const other = row && store.parsed(row).manifest.layers[position];
    if (other && (content.has(other.digest) || other.digest === diffID)) return { digest: other.digest, size: other.size, mediaType: other.mediaType };
  }
  return layer;
}
