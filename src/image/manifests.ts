import { EngineError } from "../base/mod.ts";
import { MEDIA, type Descriptor, type Digest, type ImageSummary } from "../spec/mod.ts";
import { configOf, indexEntries, type IndexEntry } from "./index-content.ts";
import type { DeleteResult, InUse } from "./image.ts";
import { platformMatches, type PlatformWish } from "./platform.ts";
import { deleteImage, type RemoveOptions } from "./remove.ts";
import { findImage } from "./resolve.ts";
import type { ImageRow, ImageStore } from "./store.ts";
import { indexOf } from "./variant.ts";

type ManifestSummary = NonNullable<ImageSummary["Manifests"]>[number];

/** ImageManifestSummary of Docker's API v1.48: the entries of the image's index, or the image's only manifest. */
export function manifestSummaries(store: ImageStore, row: ImageRow, inUse: InUse | undefined): { Descriptor: Descriptor; Manifests: ManifestSummary[] } {
  const [index] = store.indexes.ofImage(row.id);
  const own = descriptorOf(store, row.manifest, store.parsed(row).manifest.mediaType ?? MEDIA.ociManifest);
  if (index === undefined || !store.content.has(index)) return { Descriptor: own, Manifests: [single(store, row, own, inUse)] };
  return { Descriptor: descriptorOf(store, index, mediaTypeOf(store, index)), Manifests: indexEntries(store.content, index).map((entry) => summaryOf(store, entry, inUse)) };
}

/** What all of it takes, as images are measured where their indexes are asked for. */
export function withManifests(store: ImageStore, row: ImageRow, inUse: InUse | undefined): ReturnType<typeof manifestSummaries> & { Size: number } {
  const summaries = manifestSummaries(store, row, inUse);
  return { ...summaries, Size: summaries.Manifests.reduce((sum, { Size }) => sum + (Size?.Total ?? 0), 0) };
}

function descriptorOf({ content }: ImageStore, digest: Digest, mediaType: string): Descriptor {
  return { mediaType, digest, size: content.size(digest) ?? 0 };
}

/** @returns what the index says of itself */
export function mediaTypeOf({ content }: Pick<ImageStore, "content">, index: Digest): string {
  const { mediaType } = content.readJson(index, 4 << 20) as { mediaType?: unknown };
  return mediaType === MEDIA.dockerManifestList ? MEDIA.dockerManifestList : MEDIA.ociIndex;
}

function single(store: ImageStore, row: ImageRow, descriptor: Descriptor, inUse: InUse | undefined): ManifestSummary {
  const { manifest, config } = store.parsed(row);
  const content = [row.manifest, row.id, ...manifest.layers.map(({ digest }) => digest)].reduce((sum, digest) => sum + (store.content.size(digest) ?? 0), 0);
  return { ID: row.manifest, Descriptor: descriptor, Available: true, Size: { Content: content, Total: content + row.size }, Kind: "image", ImageData: imageData(store, row.id, platformOf(config), inUse) };
}

const platformOf = ({ architecture, os, variant }: { architecture: string; os: string; variant?: string | undefined }) => ({ architecture, os, ...(variant && { variant }) });

function imageData(store: ImageStore, id: Digest, platform: NonNullable<ManifestSummary["ImageData"]>["Platform"], inUse: InUse | undefined): NonNullable<ManifestSummary["ImageData"]> {
  const uses = inUse?.(id) ?? [];
  return { Platform: platform ?? null, Containers: uses.map((use) => (typeof use === "string" ? use : use.id)), Size: { Unpacked: store.row(id)?.size ?? 0 } };
}

function summaryOf(store: ImageStore, { descriptor, kind, manifest, available, size }: IndexEntry, inUse: InUse | undefined): ManifestSummary {
  const unpacked = (manifest && store.row(manifest.config.digest)?.size) ?? 0;
  const config = configOf(store.content, { manifest });
  const platform = descriptor.platform ?? (config && platformOf(config));
  return {
    ID: descriptor.digest,
    Descriptor: descriptor,
    Available: available,
    Size: { Content: size, Total: size + unpacked },
    Kind: kind,
    ...(kind === "image" && { ImageData: imageData(store, manifest?.config.digest ?? ("" as Digest), platform, inUse) }),
    ...(kind === "attestation" && { AttestationData: { For: descriptor.annotations?.["vnd.docker.reference.digest"] ?? "" } }),
  };
}

/**
 * Removes of an index what is here for some platforms; the one that the name itself stands for goes with the name only.
 * @throws EngineError NotFound, Conflict
 */
export async function removePlatforms(store: ImageStore, ref: string, wishes: readonly PlatformWish[], { inUse, dropBlobs }: Pick<RemoveOptions, "inUse" | "dropBlobs">): Promise<DeleteResult[]> {
  const row = findImage(store, ref);
  const index = indexOf(store, ref);
  const entries = index === undefined ? [] : indexEntries(store.content, index);
  const wanted = (entry: IndexEntry): boolean => {
    const config = entry.kind === "image" && entry.blobs.length > 0 ? configOf(store.content, entry) : undefined;
    return config !== undefined && wishes.some((wish) => platformMatches(config, wish));
  };
  const removed = entries.filter(wanted);
  if (removed.some(({ manifest }) => manifest?.config.digest === row.id)) throw new EngineError("Conflict", `conflict: unable to delete ${ref}: it stands for one of these platforms; remove the image itself`);
  const results: DeleteResult[] = [];
  for (const { manifest } of removed) {
    const variant = manifest && store.row(manifest.config.digest);
    if (variant && inUse(variant.id).length > 0) throw new EngineError("Conflict", `conflict: unable to delete ${ref}: a container uses the image of one of these platforms`);
    if (variant && store.names(variant.id).length === 0) await deleteImage(store, variant, dropBlobs, results);
  }
  const kept = new Set(entries.filter((entry) => !removed.includes(entry)).flatMap(({ blobs }) => blobs));
  const gone = removed.flatMap(({ blobs }) => blobs).filter((digest) => !kept.has(digest) && digest !== index);
  if (index !== undefined) store.indexes.letGo(index, gone);
  await dropBlobs(gone);
  return [...results, ...removed.map(({ descriptor: { digest } }) => ({ Deleted: digest }))];
}
