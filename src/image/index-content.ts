import type { ContentStore } from "../content/mod.ts";
import { MEDIA, type Descriptor, type Digest, type ImageManifest } from "../spec/mod.ts";
import { MAX_CONFIG_BYTES, MAX_MANIFEST_BYTES, parseConfig, parseIndex, parseJson, parseManifest, type StoredConfig } from "./config.ts";

const MAX_DEPTH = 4;

/** One entry of an index, with what of it is here. */
export interface IndexEntry {
  readonly descriptor: Descriptor;
  readonly kind: "image" | "attestation" | "unknown";
  /** Undefined where the manifest is not here, or is no image's. */
  readonly manifest: ImageManifest | undefined;
  /** The manifest, its config and its layers are here. */
  readonly available: boolean;
  /** Those of them that are here, with the indexes on the way. */
  readonly blobs: readonly Digest[];
  /** Bytes of those. */
  readonly size: number;
}

type Content = Pick<ContentStore, "has" | "size" | "read">;

export function isAttestation({ annotations, platform }: Descriptor): boolean {
  return annotations?.["vnd.docker.reference.type"] === "attestation-manifest" || (platform?.os === "unknown" && platform.architecture === "unknown");
}

/** All entries of an index, those of indexes within it among them. What is malformed in it is left out. */
export function indexEntries(content: Content, index: Digest): IndexEntry[] {
  return entriesOf(content, index, [], 0);
}

function entriesOf(content: Content, index: Digest, above: readonly Digest[], depth: number): IndexEntry[] {
  const value = readJson(content, index);
  if (value === undefined || depth >= MAX_DEPTH) return [];
  return tryParse(() => parseIndex(value).manifests, []).flatMap((descriptor) =>
    descriptor.mediaType === MEDIA.ociIndex || descriptor.mediaType === MEDIA.dockerManifestList ? entriesOf(content, descriptor.digest, [...above, descriptor.digest], depth + 1) : [entryOf(content, descriptor, above)],
  );
}

function entryOf(content: Content, descriptor: Descriptor, above: readonly Digest[]): IndexEntry {
  const value = readJson(content, descriptor.digest);
  const manifest = value === undefined ? undefined : tryParse(() => parseManifest(value), undefined);
  const wanted = [descriptor.digest, ...(manifest ? [manifest.config.digest, ...manifest.layers.map(({ digest }) => digest)] : [])];
  const blobs = [...new Set([...above, ...wanted.filter((digest) => content.has(digest))])];
  const kind = isAttestation(descriptor) ? "attestation" : manifest === undefined && descriptor.platform === undefined ? "unknown" : "image";
  const size = blobs.reduce((sum, digest) => sum + (content.size(digest) ?? 0), 0);
  return { descriptor, kind, manifest, available: manifest !== undefined && wanted.every((digest) => content.has(digest)), blobs, size };
}

/** The config of an entry that is here. */
export function configOf(content: Content, { manifest }: Pick<IndexEntry, "manifest">): StoredConfig | undefined {
  if (!manifest || !content.has(manifest.config.digest)) return undefined;
  return tryParse(() => parseConfig(parseJson(content.read(manifest.config.digest, MAX_CONFIG_BYTES), "the config")), undefined);
}

function readJson(content: Content, digest: Digest): unknown {
  return content.has(digest) ? tryParse(() => parseJson(content.read(digest, MAX_MANIFEST_BYTES), "a manifest"), undefined) : undefined;
}

function tryParse<T>(parse: () => T, otherwise: T): T {
  try {
    return parse();
  } catch {
    return otherwise;
  }
}
