import { EngineError } from "../base/mod.ts";
import { canonicalName, MEDIA, parseReference, withDefaultTag, type Descriptor, type Digest, type ImageConfig, type ImageManifest, type Platform } from "../spec/mod.ts";
import { chainIDs, parseConfig, type StoredConfig } from "./config.ts";
import type { BlobHolds } from "./blob-holds.ts";
import type { KeptIndex } from "./index-store.ts";
import { storeImage, type PlacedLayer } from "./install.ts";
import type { InstallDeps } from "./install-deps.ts";
import { packedBytes, type LayerBytesDeps } from "./layer-bytes.ts";

/** An image of layers that are on this machine already. */
export interface BuiltImage {
  /** Complete, its layers' diffIDs included. */
  readonly config: ImageConfig;
  /** Bytes of the layers' archives where they are known. */
  readonly archiveBytes: readonly (number | undefined)[];
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  /** Statements about the manifest, each a whole in-toto document; they make an index of it. */
  readonly statements?: ((manifest: Digest) => readonly BuiltStatement[]) | undefined;
  /** Of its entry in the index. */
  readonly descriptorAnnotations?: Readonly<Record<string, string>> | undefined;
}

export interface BuiltStatement {
  readonly predicateType: string;
  readonly json: string;
}

export interface BuiltImages {
  /** The first is the one that names stand for here. */
  readonly images: readonly BuiltImage[];
  /** An index even where there is one image. */
  readonly index: { readonly annotations: Readonly<Record<string, string>> } | undefined;
  /** As users write them. */
  readonly names: readonly string[];
}

export interface StoredBuild {
  readonly ids: readonly Digest[];
  /** Of the manifest, or of the index where there is one. */
  readonly descriptor: Descriptor;
  readonly manifests: readonly Descriptor[];
  /** Names that it took from other images. */
  readonly replaced: ReadonlyMap<string, Digest>;
}

export type BuiltDeps = InstallDeps & LayerBytesDeps & { readonly holds: BlobHolds };

/** Makes images of layers that are here: nothing is copied. The caller holds the layers meanwhile. On disk when it returns. */
export async function addBuiltImages(deps: BuiltDeps, { images, index, names }: BuiltImages, signal: AbortSignal): Promise<StoredBuild> {
  const canonical = names.map((name) => canonicalName(withDefaultTag(parseReference(name))));
  await using hold = deps.holds.open();
  const isIndex = index !== undefined || images.length > 1 || images.some(({ statements }) => statements !== undefined);
  const parts: StoredPart[] = [];
  for (const image of images) parts.push(await storedPart(deps, image, { hold, withBlobs: isIndex, signal }));
  const entries = parts.flatMap(({ entries: own }) => own);
  const [first] = parts;
  if (!first) throw new Error("a build without images has nothing to store");
  const kept = isIndex ? await storedIndex(deps, entries, index?.annotations ?? {}, parts, hold) : undefined;
  const replaced = new Map<string, Digest>();
  for (const [number, part] of parts.entries()) {
    const taken = storeImage(deps, { ...part, names: number === 0 ? canonical : [], ...(kept && canonical.length > 0 && { index: kept.index }) });
    for (const [name, id] of taken) replaced.set(name, id);
  }
  return { ids: parts.map(({ id }) => id), descriptor: kept?.descriptor ?? first.descriptor, manifests: parts.map(({ descriptor }) => descriptor), replaced };
}

interface StoredPart {
  readonly id: Digest;
  readonly manifest: Digest;
  readonly config: StoredConfig;
  readonly placed: readonly PlacedLayer[];
  readonly blobs: readonly Digest[];
  readonly descriptor: Descriptor;
  /** What the index lists of it. */
  readonly entries: readonly Descriptor[];
}

type Hold = { add(digest: Digest): void };

async function put(deps: BuiltDeps, hold: Hold, text: string): Promise<{ digest: Digest; size: number }> {
  const { digest } = await deps.content.put(text, { durable: false });
  hold.add(digest);
  return { digest, size: Buffer.byteLength(text) };
}

interface PartOptions {
  readonly hold: Hold;
  /** What an index lists leaves the machine as it lies here: its layers are blobs. */
  readonly withBlobs: boolean;
  readonly signal: AbortSignal;
}

async function storedPart(deps: BuiltDeps, image: BuiltImage, { hold, withBlobs, signal }: PartOptions): Promise<StoredPart> {
  const text = JSON.stringify(image.config);
  const config = parseConfig(JSON.parse(text));
  const diffIDs = config.rootfs.diff_ids;
  const chain = chainIDs(diffIDs);
  const layers: Descriptor[] = [];
  for (const [position, chainID] of chain.entries()) {
    const known = await layerDescriptor(deps, chainID, diffIDs[position] as Digest, image.archiveBytes[position], signal);
    hold.add(known.digest);
    layers.push(withBlobs && !deps.content.has(known.digest) ? await layerBlob(deps, chainID, diffIDs[position] as Digest, hold, signal) : known);
  }
  const { digest: id, size } = await put(deps, hold, text);
  const content: ImageManifest = { schemaVersion: 2, mediaType: MEDIA.ociManifest, config: { mediaType: MEDIA.ociConfig, digest: id, size }, layers, ...(image.annotations && Object.keys(image.annotations).length > 0 && { annotations: { ...image.annotations } }) };
  const stored = await put(deps, hold, JSON.stringify(content));
  const { architecture, os, variant } = config;
  const platform: Platform = { architecture, os, ...(variant !== undefined && { variant }) };
  const descriptor: Descriptor = { mediaType: MEDIA.ociManifest, ...stored, ...(image.descriptorAnnotations && Object.keys(image.descriptorAnnotations).length > 0 && { annotations: { ...image.descriptorAnnotations } }), platform };
  const attestation = image.statements ? await attestationManifest(deps, image.statements(stored.digest), stored.digest, hold) : undefined;
  const present = layers.map(({ digest }) => digest).filter((digest) => deps.content.has(digest));
  const blobs = [...new Set([id, stored.digest, ...present])];
  await deps.content.sync(withBlobs ? blobs : [id, stored.digest]);
  const placed = chain.map((chainID, position): PlacedLayer => ({ chainID, diffID: diffIDs[position] as Digest, fresh: undefined }));
  return { id, manifest: stored.digest, config, placed, blobs: [...blobs, ...(attestation?.blobs ?? [])], descriptor, entries: [descriptor, ...(attestation ? [attestation.descriptor] : [])] };
}

async function layerBlob({ content, snapshots, packLayer }: BuiltDeps, chainID: Digest, diffID: Digest, hold: Hold, signal: AbortSignal): Promise<Descriptor> {
  const layer = snapshots.layers.byChainID(chainID);
  if (!layer) throw new EngineError("System", `layer ${chainID} vanished while the image was being stored: try again`);
  hold.add(diffID);
  const { size } = await content.ingest(packLayer(snapshots.layers.folder(layer.n), signal), { expected: diffID, durable: false });
  return { mediaType: MEDIA.ociLayer, digest: diffID, size };
}

/** In the form in which a registry has it where that is known, else as the archive of its folder. */
async function layerDescriptor(deps: BuiltDeps, chainID: Digest, diffID: Digest, archiveBytes: number | undefined, signal: AbortSignal): Promise<Descriptor> {
  if (archiveBytes !== undefined) return { mediaType: MEDIA.ociLayer, digest: diffID, size: archiveBytes };
  for (const { image, position } of deps.store.placesOf(chainID)) {
    const row = deps.store.row(image);
    const known = row && deps.store.parsed(row).manifest.layers[position];
    if (known) return { mediaType: known.mediaType, digest: known.digest, size: known.size };
  }
  const layer = deps.snapshots.layers.byChainID(chainID);
  if (!layer) throw new EngineError("System", `layer ${chainID} vanished while the image was being stored: try again`);
  return { mediaType: MEDIA.ociLayer, digest: diffID, size: await packedBytes(deps, layer, signal) };
}

/** BuildKit's attestation storage: a manifest whose layers are in-toto statements, and which refers to the image by annotations. */
async function attestationManifest(deps: BuiltDeps, statements: readonly BuiltStatement[], subject: Digest, hold: Hold): Promise<{ readonly descriptor: Descriptor; readonly blobs: readonly Digest[] }> {
  const layers: Descriptor[] = [];
  for (const { predicateType, json } of statements) layers.push({ mediaType: "application/vnd.in-toto+json", ...(await put(deps, hold, json)), annotations: { "in-toto.io/predicate-type": predicateType } });
  const config = await put(deps, hold, JSON.stringify({ architecture: "unknown", os: "unknown", config: {}, rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => digest) } }));
  const content: ImageManifest = { schemaVersion: 2, mediaType: MEDIA.ociManifest, config: { mediaType: MEDIA.ociConfig, ...config }, layers };
  const stored = await put(deps, hold, JSON.stringify(content));
  const blobs = [config.digest, stored.digest, ...layers.map(({ digest }) => digest)];
  await deps.content.sync(blobs);
  return { blobs, descriptor: { mediaType: MEDIA.ociManifest, ...stored, annotations: { "vnd.docker.reference.digest": subject, "vnd.docker.reference.type": "attestation-manifest" }, platform: { architecture: "unknown", os: "unknown" } } };
}

async function storedIndex(deps: BuiltDeps, manifests: readonly Descriptor[], annotations: Readonly<Record<string, string>>, parts: readonly StoredPart[], hold: Hold): Promise<{ readonly descriptor: Descriptor; readonly index: KeptIndex }> {
  const stored = await put(deps, hold, JSON.stringify({ schemaVersion: 2, mediaType: MEDIA.ociIndex, manifests, ...(Object.keys(annotations).length > 0 && { annotations }) }));
  await deps.content.sync([stored.digest]);
  return { descriptor: { mediaType: MEDIA.ociIndex, ...stored }, index: { digest: stored.digest, blobs: [stored.digest, ...parts.flatMap(({ blobs }) => blobs)] } };
}
