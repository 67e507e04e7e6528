import { createHash } from "node:crypto";
import { COMPOSE_VERSION } from "../../../compose/mod.ts";
import { RegistryError, type Repository } from "../../../registry/mod.ts";
import { canonicalName, MEDIA, parseDigest, parseReference, withDefaultTag, type Descriptor, type Digest, type Reference } from "../../../spec/mod.ts";
import { bringAlong } from "../../manifest/bring-along.ts";
import { isLocalRegistry, type RemoteManifests } from "../../manifest/remote.ts";
import { ARTIFACT, EMPTY_CONFIG } from "../remote/media.ts";
import type { Layer } from "./layers.ts";

export type OciVersion = keyof typeof EMPTY_CONFIG;

interface Stored extends Descriptor {
  /** The content itself, in base64. */
  readonly data: string;
}

/** Puts files into a registry under one name. @param version undefined: the newest that the registry takes @returns the manifest's descriptor */
export async function pushArtifact(repository: Repository, target: Reference, layers: readonly Layer[], version: OciVersion | undefined): Promise<Descriptor> {
  const files: Stored[] = [];
  for (const { mediaType, annotations, bytes } of layers) {
    const { data, ...stored } = await store(repository, mediaType, bytes);
    files.push({ ...stored, annotations: { ...annotations }, data });
  }
  try {
    return await putManifest(repository, target, files, version ?? "1.1");
  } catch (error) {
    // Older registries refuse what they do not know.
    if (version !== undefined || !isRefusal(error)) throw error;
    return await putManifest(repository, target, files, "1.0");
  }
}

function isRefusal(error: unknown): boolean {
  const { status = 0 } = error instanceof RegistryError ? error.details : {};
  return status >= 400 && status < 500 && ![401, 403, 407].includes(status);
}

async function putManifest(repository: Repository, target: Reference, layers: readonly Stored[], version: OciVersion): Promise<Descriptor> {
  const config = await store(repository, EMPTY_CONFIG[version], Buffer.from("{}"));
  const manifest = { schemaVersion: 2, mediaType: MEDIA.ociManifest, ...(version === "1.1" && { artifactType: ARTIFACT }), config, layers, annotations: { "org.opencontainers.image.created": new Date().toISOString().replace(/\.\d+Z$/, "Z") } };
  const bytes = Buffer.from(JSON.stringify(manifest));
  const digest = await repository.putManifest(target.tag ?? target.digest ?? canonicalName(target), MEDIA.ociManifest, bytes);
  return { mediaType: MEDIA.ociManifest, digest, size: bytes.length, annotations: { "com.docker.compose.version": COMPOSE_VERSION }, ...(version === "1.1" && { artifactType: ARTIFACT }) };
}

/** Copies the images into the project's repository, and lists them as belonging to it. */
export async function pushImages(remote: RemoteManifests, repository: Repository, images: readonly string[], subject: Descriptor): Promise<void> {
  const manifests: Descriptor[] = [];
  for (const image of images) {
    const reference = withDefaultTag(parseReference(image));
    const from = await remote.repository(reference, isLocalRegistry(reference));
    const found = await from.manifest(reference.digest ?? reference.tag ?? "latest");
    await bringAlong({ repository: from, ...found }, repository);
    const { mediaType, digest, size } = found.descriptor;
    manifests.push({ mediaType, digest, size });
  }
  const index = { schemaVersion: 2, mediaType: MEDIA.ociIndex, manifests, subject, annotations: { "com.docker.compose.version": COMPOSE_VERSION } };
  const bytes = Buffer.from(JSON.stringify(index));
  await repository.putManifest(digestOf(bytes), MEDIA.ociIndex, bytes);
}

async function store(repository: Repository, mediaType: string, bytes: Uint8Array): Promise<Stored> {
  const digest = digestOf(bytes);
  await repository.uploadBlob({ digest, size: bytes.length, open: () => once(bytes) });
  return { mediaType, digest, size: bytes.length, data: Buffer.from(bytes).toString("base64") };
}

const digestOf = (bytes: Uint8Array): Digest => parseDigest(`sha256:${createHash("sha256").update(bytes).digest("hex")}`);

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  yield bytes;
}
