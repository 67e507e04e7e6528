import { canonicalName, parseReference, withDefaultTag, type Digest } from "../spec/mod.ts";
import { MAX_CONFIG_BYTES } from "./config.ts";
import { configOf, indexEntries, type IndexEntry } from "./index-content.ts";
import { installImage } from "./install.ts";
import type { InstallDeps } from "./install-deps.ts";
import { platformMatches, type PlatformWish } from "./platform.ts";
import { findImage } from "./resolve.ts";
import type { ImageRow, ImageStore } from "./store.ts";

/** The index that a user's name for an image stands for: an id's is that of any of its names. */
export function indexOf(store: ImageStore, ref: string): Digest | undefined {
  const row = findImage(store, ref);
  if (row.id.startsWith(ref) || row.id.slice("sha256:".length).startsWith(ref)) return store.indexes.ofImage(row.id)[0];
  return store.indexes.ofName(canonicalName(withDefaultTag(parseReference(ref)))) ?? store.indexes.ofImage(row.id)[0];
}

/**
 * The image for a platform: the one that the name stands for, or another of its index that is here, which is unpacked now unless it was before.
 * Where none fits, the one that the name stands for.
 */
export async function imageFor(deps: InstallDeps, ref: string, wish: PlatformWish): Promise<ImageRow> {
  const row = findImage(deps.store, ref);
  if (platformMatches(deps.store.parsed(row).config, wish)) return row;
  const index = indexOf(deps.store, ref);
  if (index === undefined) return row;
  const entry = indexEntries(deps.content, index).find((candidate) => candidate.kind === "image" && candidate.available && fits(deps, candidate, wish));
  return entry ? await installed(deps, index, entry) : row;
}

function fits(deps: InstallDeps, entry: IndexEntry, wish: PlatformWish): boolean {
  const config = configOf(deps.content, entry);
  return config !== undefined && platformMatches(config, wish);
}

async function installed(deps: InstallDeps, index: Digest, { descriptor, manifest, blobs }: IndexEntry): Promise<ImageRow> {
  if (!manifest) throw new Error("an entry without a manifest is not available");
  const known = deps.store.row(manifest.config.digest);
  if (known) return known;
  const configBytes = deps.content.read(manifest.config.digest, MAX_CONFIG_BYTES);
  const layers = manifest.layers.map(({ digest, size, mediaType }) => ({ digest, size, mediaType }));
  const { id } = await installImage(deps, { configBytes, layers, manifest: descriptor.digest, names: [], index: { digest: index, blobs } });
  return findImage(deps.store, id);
}
