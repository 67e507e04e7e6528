import { join } from "node:path";
import type { Digest } from "../spec/mod.ts";
import type { ImageStore } from "./store.ts";

/** Where Docker's overlay2 driver would say the layers lie; an image has no writable one. */
export function layerFolders(store: ImageStore, id: Digest): Record<string, string> {
  const folders = store.layers(id).map(({ n }) => join(store.layersRoot, String(n), "fs"));
  const upper = folders.pop();
  if (upper === undefined) return {};
  return { ...(folders.length > 0 && { LowerDir: folders.reverse().join(":") }), UpperDir: upper };
}
