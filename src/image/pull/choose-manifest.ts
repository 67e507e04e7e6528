import { EngineError } from "../../base/mod.ts";
import type { Manifest, Repository } from "../../registry/mod.ts";
import { MEDIA, type Descriptor, type ImageManifest } from "../../spec/mod.ts";
import { parseIndex, parseJson, parseManifest } from "../config.ts";
import { platformText, type PlatformOf, type PlatformWish } from "../platform.ts";

const MAX_DEPTH = 4;
/** Indexes within indexes cost a request each. */
const MAX_REQUESTS = 32;

/** The manifest of one image. */
export interface ChosenManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly content: ImageManifest;
  /** The indexes it was found in, outermost first. */
  readonly indexes: readonly Manifest[];
}

/**
 * The manifest itself, or of an index the one for the platform, or for one that its machines run too (as containerd's `platforms.Only`). Attestations
 * are no images. @throws EngineError NotFound in Docker's words when there is none
 */
export async function chooseManifest(found: Manifest, repository: Repository, wish: PlatformWish, signal: AbortSignal): Promise<ChosenManifest> {
  let requests = 0;
  const fetch = async (descriptor: Descriptor): Promise<Manifest> => {
    if (++requests > MAX_REQUESTS) throw new EngineError("InvalidParameter", "the index holds too many indexes");
    const manifest = await repository.manifest(descriptor.digest, { signal });
    if (manifest.bytes.length !== descriptor.size) throw new EngineError("InvalidParameter", `the manifest ${descriptor.digest} has ${manifest.bytes.length} bytes, its index says ${descriptor.size}`);
    return manifest;
  };
  const choose = async (manifest: Manifest, indexes: readonly Manifest[]): Promise<ChosenManifest | undefined> => {
    const value = parseJson(manifest.bytes, `the manifest ${manifest.descriptor.digest}`);
    if (!isIndex(manifest.descriptor)) return { ...manifest, content: parseManifest(value), indexes };
    if (indexes.length >= MAX_DEPTH) throw new EngineError("InvalidParameter", "the indexes are nested too deep");
    for (const candidate of ranked(parseIndex(value).manifests, wish)) {
      const chosen = await choose(await fetch(candidate), [...indexes, manifest]);
      if (chosen) return chosen;
    }
    return undefined;
  };
  const chosen = await choose(found, []);
  if (!chosen) throw new EngineError("NotFound", `no matching manifest for ${platformText(wish)} in the manifest list entries`);
  return chosen;
}

export function isIndex({ mediaType }: Pick<Descriptor, "mediaType">): boolean {
  return mediaType === MEDIA.ociIndex || mediaType === MEDIA.dockerManifestList;
}

/** Those that will do, the best first. */
function ranked(manifests: readonly Descriptor[], wish: PlatformWish): Descriptor[] {
  const wanted = acceptable(wish);
  const rank = ({ platform, annotations, mediaType }: Descriptor): number => {
    if (annotations?.["vnd.docker.reference.type"] === "attestation-manifest") return -1;
    // One that does not say, and an index, may hold it.
    if (!platform || (platform.os === "" && platform.architecture === "")) return wanted.length;
    const place = wanted.indexOf(platformKey(platform));
    return place < 0 && isIndex({ mediaType }) ? -1 : place;
  };
  return manifests
    .map((descriptor, index) => ({ descriptor, index, rank: rank(descriptor) }))
    .filter((candidate) => candidate.rank >= 0)
    .sort((a, b) => a.rank - b.rank || a.index - b.index)
    .map(({ descriptor }) => descriptor);
}

const platformKey = (platform: PlatformOf): string => {
  const { os, architecture, variant } = normalised(platform);
  return `${os}/${architecture}/${variant ?? ""}`;
};

/** One name for what has several: arm64 is v8, amd64 is v1, 32-bit arm without a word is v7. */
function normalised({ os, architecture, variant = "" }: PlatformOf): PlatformOf {
  if (architecture === "arm64" && (variant === "v8" || variant === "8")) return { os, architecture };
  if (architecture === "amd64" && variant === "v1") return { os, architecture };
  if (architecture === "arm") return { os, architecture, variant: variant === "" ? "v7" : variant.replace(/^(?=\d)/, "v") };
  return { os, architecture, ...(variant !== "" && { variant }) };
}

/** The platform asked for, and those that its machines run as well. */
function acceptable({ os, architecture = "", variant }: PlatformWish): string[] {
  const own = normalised({ os, architecture, ...(variant !== undefined && { variant }) });
  const older: PlatformOf[] = [];
  const arms = ["v8", "v7", "v6", "v5"];
  if (own.architecture === "arm") older.push(...arms.slice(arms.indexOf(own.variant ?? "v7") + 1).map((level) => ({ os, architecture: "arm", variant: level })));
  if (own.architecture === "arm64") older.push({ os, architecture: "arm64" }, ...arms.map((level) => ({ os, architecture: "arm", variant: level })));
  if (own.architecture === "amd64") {
    const level = Number(own.variant?.slice(1) ?? 1);
    for (let below = level - 1; below >= 1; below--) older.push({ os, architecture: "amd64", variant: `v${below}` });
    older.push({ os, architecture: "386" });
  }
  return [own, ...older].map(platformKey);
}
