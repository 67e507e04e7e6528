import { EngineError } from "../base/mod.ts";
import { canonicalName, MEDIA, parseReference, withDefaultTag, type Descriptor, type Digest, type ImageManifest } from "../spec/mod.ts";
import type { ArchiveBlobs } from "./archive-blobs.ts";
import { MAX_CONFIG_BYTES, MAX_MANIFEST_BYTES, parseConfig, parseIndex, parseJson, parseManifest } from "./config.ts";
import { indexEntries, isAttestation } from "./index-content.ts";
import { refuseForeignCache } from "./foreign-cache.ts";
import type { KeptIndex } from "./index-store.ts";
import type { ImageSource, LayerSource } from "./install.ts";
import { mediaTypeOf } from "./media-type.ts";
import { platformMatches, platformText, type PlatformWish } from "./platform.ts";

const MAX_INDEX_DEPTH = 4;
const MAX_IMAGES = 1000;

/**
 * The images of an archive: an OCI layout, a docker-archive, or both at once, as Docker 25 and later write: then the layout, whose manifests
 * keep their digests, with the names of manifest.json. @throws EngineError InvalidParameter
 */
export function imagesOf(archive: ArchiveBlobs, architecture: string, only?: PlatformWish): ImageSource[] {
  if (only) return imagesFor(archive, only, architecture);
  if (archive.digest("manifest.json") !== undefined) return withLayout(archive, architecture, dockerImages(archive));
  if (archive.digest("index.json") !== undefined) return ociImages(archive, architecture);
  if (archive.digest("repositories") !== undefined)
    throw new EngineError("InvalidParameter", "the archive was saved by Docker before 1.10, whose format is not supported: load it with an older Docker and save it again");
  throw new EngineError("InvalidParameter", "invalid image archive: it holds neither manifest.json nor index.json");
}

/** What of an OCI layout is wanted: all that is in it, or the image of a tag or digest for a platform. */
export type LayoutWish = { readonly kind: "every" } | { readonly kind: "one"; readonly tag: string | undefined; readonly digest: Digest | undefined; readonly platform: PlatformWish };

/** The images of an OCI layout, without names. @throws EngineError InvalidParameter for what is none, NotFound */
export function layoutImages(archive: ArchiveBlobs, wish: LayoutWish, architecture: string): ImageSource[] {
  const { manifests } = parseIndex(parseJson(archive.read("index.json", MAX_MANIFEST_BYTES), "index.json"));
  if (wish.kind === "every") return manifests.flatMap((descriptor) => manifestsBelow(archive, descriptor, 0)).slice(0, MAX_IMAGES).map(({ manifest, content }) => ({ ...ociImage(archive, manifest, content), names: [] }));
  const { tag, digest, platform } = wish;
  const named = manifests.filter((descriptor) => (digest === undefined ? tagsOf(descriptor).includes(tag ?? "latest") : descriptor.digest === digest));
  const [descriptor] = named.length === 0 && tag === undefined && digest === undefined && manifests.length === 1 ? manifests : named;
  if (!descriptor) throw new EngineError("NotFound", `${digest ?? tag ?? "latest"}: not found in the OCI layout`);
  const chosen = chooseImage(archive, descriptor, platform.architecture ?? architecture, 0);
  if (!chosen) throw new EngineError("NotFound", `no match for platform in manifest: not found`);
  const image = ociImage(archive, chosen.manifest, chosen.content);
  if (!platformMatches(parseConfig(parseJson(image.configBytes, "the config")), platform)) throw new EngineError("NotFound", `no match for platform in manifest: not found`);
  return [{ ...image, names: [] }];
}

function tagsOf({ annotations = {} }: Descriptor): string[] {
  const [full = "", name = ""] = [annotations["io.containerd.image.name"], annotations["org.opencontainers.image.ref.name"]];
  return [full, name].flatMap((text) => [text, text.slice(text.lastIndexOf(":") + 1)]).filter((text) => text !== "");
}

function manifestsBelow(archive: ArchiveBlobs, descriptor: Descriptor, depth: number): Chosen[] {
  if (isAttestation(descriptor)) return [];
  if (depth > MAX_INDEX_DEPTH) throw malformed("its indexes are nested too deep");
  if (!archive.has(descriptor.digest)) throw malformed(`it names ${descriptor.digest}, which is not in it`);
  refuseForeignCache(descriptor);
  const value = parseJson(archive.content.read(descriptor.digest, MAX_MANIFEST_BYTES), "a manifest");
  if (isIndex(descriptor, value)) return parseIndex(value).manifests.flatMap((inner) => manifestsBelow(archive, inner, depth + 1));
  const content = parseManifest(value);
  refuseForeignCache(content.config);
  return [{ manifest: descriptor.digest, content }];
}

/** One platform of each image, without the index it is of. */
function imagesFor(archive: ArchiveBlobs, only: PlatformWish, architecture: string): ImageSource[] {
  const images = archive.digest("index.json") === undefined ? dockerImages(archive) : ociImages(archive, only.architecture ?? architecture);
  const fitting = images.filter(({ configBytes }) => platformMatches(parseConfig(parseJson(configBytes, "the config")), only));
  if (fitting.length === 0) throw new EngineError("NotFound", `the archive has no image for platform ${platformText(only)}`);
  return fitting.map(({ index: _, ...image }) => image);
}

/** Each image as the layout has it, where it has it. */
function withLayout(archive: ArchiveBlobs, architecture: string, images: readonly ImageSource[]): ImageSource[] {
  if (archive.digest("index.json") === undefined || archive.digest("oci-layout") === undefined) return [...images];
  const described = new Map(ociImages(archive, architecture).map((image) => [Buffer.from(image.configBytes).toString("latin1"), image]));
  return images.map((image) => {
    const same = described.get(Buffer.from(image.configBytes).toString("latin1"));
    return same ? { ...same, names: image.names } : image;
  });
}

function dockerImages(archive: ArchiveBlobs): ImageSource[] {
  const list = parseJson(archive.read("manifest.json", MAX_MANIFEST_BYTES), "manifest.json");
  if (!Array.isArray(list) || list.length > MAX_IMAGES) throw malformed("manifest.json is no list of images");
  return list.map((item: unknown) => {
    if (typeof item !== "object" || item === null) throw malformed("an entry of manifest.json is no object");
    const { Config: config, Layers: layers, RepoTags: tags } = item as Record<string, unknown>;
    if (typeof config !== "string" || !isTexts(layers ?? []) || !isTexts(tags ?? [])) throw malformed("an entry of manifest.json has a field of the wrong type");
    return {
      configBytes: archive.read(config, MAX_CONFIG_BYTES),
      layers: ((layers ?? []) as string[]).map((name) => layerSource(archive, archive.required(name))),
      names: ((tags ?? []) as string[]).map((tag) => canonicalName(withDefaultTag(parseReference(tag)))),
    };
  });
}

/** The member says itself how it is compressed. */
function layerSource(archive: ArchiveBlobs, digest: Digest): LayerSource {
  return { digest, size: archive.content.size(digest) ?? 0, mediaType: mediaTypeOf(archive.heads.get(digest) ?? new Uint8Array()) };
}

function ociImages(archive: ArchiveBlobs, architecture: string): ImageSource[] {
  const index = parseIndex(parseJson(archive.read("index.json", MAX_MANIFEST_BYTES), "index.json"));
  const images = new Map<string, ImageSource & { names: string[] }>();
  for (const descriptor of index.manifests) {
    const found = chooseImage(archive, descriptor, architecture, 0);
    if (!found) continue;
    const index = descriptor.digest === found.manifest ? undefined : keptIndex(archive, descriptor.digest);
    const key = `${found.manifest} ${index?.digest ?? ""}`;
    const image = images.get(key) ?? { ...ociImage(archive, found.manifest, found.content), names: [], index };
    const name = nameOf(descriptor);
    if (name !== undefined) image.names.push(name);
    images.set(key, image);
  }
  if (images.size === 0) throw malformed(`index.json has no image for linux/${architecture}`);
  return [...images.values()];
}

/** Every platform and attestation of the index that the archive holds. */
function keptIndex(archive: ArchiveBlobs, digest: Digest): KeptIndex {
  return { digest, blobs: [...new Set(indexEntries(archive.content, digest).flatMap(({ blobs }) => blobs))].filter((blob) => archive.has(blob)) };
}

function nameOf({ annotations = {} }: Descriptor): string | undefined {
  const full = annotations["io.containerd.image.name"] ?? annotations["org.opencontainers.image.ref.name"];
  // A bare tag ("latest") names no repository.
  if (full === undefined || !/[:/]/.test(full)) return undefined;
  return canonicalName(withDefaultTag(parseReference(full)));
}

interface Chosen {
  readonly manifest: Digest;
  readonly content: ImageManifest;
}

/** The image of a descriptor, of this machine's platform where there is a choice. Attestations are no images. */
function chooseImage(archive: ArchiveBlobs, descriptor: Descriptor, architecture: string, depth: number): Chosen | undefined {
  if (isAttestation(descriptor)) return undefined;
  if (depth > MAX_INDEX_DEPTH) throw malformed("its indexes are nested too deep");
  if (!archive.has(descriptor.digest)) {
    if (depth > 0) return undefined;
    throw malformed(`index.json names ${descriptor.digest}, which is not in it`);
  }
  const value = parseJson(archive.content.read(descriptor.digest, MAX_MANIFEST_BYTES), "a manifest");
  if (!isIndex(descriptor, value)) {
    const content = parseManifest(value);
    return content.artifactType !== undefined && !content.config.mediaType.includes("image") ? undefined : { manifest: descriptor.digest, content };
  }
  const candidates = parseIndex(value).manifests.filter((candidate) => !isAttestation(candidate));
  const ranked = [...candidates].sort((a, b) => rank(a, architecture) - rank(b, architecture));
  for (const candidate of ranked) {
    const chosen = chooseImage(archive, candidate, architecture, depth + 1);
    if (chosen) return chosen;
  }
  return undefined;
}

/** Ours first, then those that do not say, then others: a single foreign image is loaded as it is. */
function rank({ platform }: Descriptor, architecture: string): number {
  if (!platform) return 1;
  if (platform.os !== "linux") return 3;
  return platform.architecture === architecture ? 0 : 2;
}

function isIndex({ mediaType }: Descriptor, value: unknown): boolean {
  if (mediaType === MEDIA.ociIndex || mediaType === MEDIA.dockerManifestList) return true;
  return typeof value === "object" && value !== null && "manifests" in value;
}

function ociImage(archive: ArchiveBlobs, manifest: Digest, { config, layers }: ImageManifest): Omit<ImageSource, "names"> {
  for (const { digest } of [config, ...layers]) if (!archive.has(digest)) throw malformed(`its manifest names ${digest}, which is not in it`);
  const configBytes = archive.content.read(config.digest, MAX_CONFIG_BYTES);
  parseConfig(parseJson(configBytes, "the config"));
  for (const { digest, size } of [config, ...layers])
    if (archive.content.size(digest) !== size) throw malformed(`its manifest lies about the size of ${digest}`);
  return { configBytes, manifest, layers: layers.map(({ digest, size, mediaType }) => ({ digest, size, mediaType })) };
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.length <= MAX_IMAGES && value.every((item) => typeof item === "string" && item.length <= 4096);
}

function malformed(what: string): EngineError {
  return new EngineError("InvalidParameter", `invalid image archive: ${what}`);
}
