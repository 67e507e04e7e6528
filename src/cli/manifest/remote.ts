import { openRegistryClient, type Repository } from "../../registry/mod.ts";
import { canonicalName, MEDIA, type Descriptor, type ImageConfig, type ImageIndex, type ImageManifest, type Platform, type Reference } from "../../spec/mod.ts";
import type { LoadedConfig } from "../config-file.ts";
import { CredentialStore } from "../credentials/credentials.ts";
import { registryKeyOf } from "../credentials/registry-key.ts";
import { Failure } from "../failure.ts";
import type { ListedManifest } from "./local-lists.ts";

const MAX_CONFIG_BYTES = 4 << 20;
const CERTS_DIRS = ["/etc/docker/certs.d", "/etc/hako/certs.d"];

/** Of this machine: plain HTTP will do. */
export const isLocalRegistry = ({ domain }: Reference): boolean => /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?$/.test(domain);

/** Registries as the command line itself sees them, without an engine. */
export class RemoteManifests {
  constructor(
    readonly config: LoadedConfig,
    readonly insecure: boolean,
  ) {}

  async repository(reference: Reference, insecure = this.insecure): Promise<Repository> {
    const client = openRegistryClient({ userAgent: "hako-client", certsDirs: CERTS_DIRS, insecure: insecure ? [reference.domain] : [] });
    const { username, password, identityToken } = (await new CredentialStore(this.config).get(registryKeyOf(reference)).catch(() => undefined)) ?? {};
    return client.repository(reference, { ...(username && { username }), ...(password && { password }), ...(identityToken && { identityToken }) });
  }

  /** One image; undefined where the name stands for a list. @throws Failure when there is none */
  async image(reference: Reference): Promise<ListedManifest | undefined> {
    const repository = await this.repository(reference);
    const { descriptor, bytes } = await fetch(repository, reference);
    return isList(descriptor) ? undefined : await listed(repository, reference, descriptor, bytes);
  }

  /** The images of a list, each with the platform that the list says. */
  async list(reference: Reference): Promise<ListedManifest[]> {
    const repository = await this.repository(reference);
    const { bytes } = await fetch(repository, reference);
    const { manifests } = JSON.parse(Buffer.from(bytes).toString("utf8")) as ImageIndex;
    const images: ListedManifest[] = [];
    for (const { digest, platform } of manifests) {
      const at = { ...reference, digest };
      const found = await fetch(repository, at);
      const image = await listed(repository, at, found.descriptor, found.bytes);
      images.push({ ...image, Descriptor: { ...image.Descriptor, ...(platform && { platform }) } });
    }
    return images;
  }
}

export const isList = ({ mediaType }: Pick<Descriptor, "mediaType">): boolean => mediaType === MEDIA.ociIndex || mediaType === MEDIA.dockerManifestList;

async function fetch(repository: Repository, reference: Reference): Promise<Awaited<ReturnType<Repository["manifest"]>>> {
  try {
    return await repository.manifest(reference.digest ?? reference.tag ?? "latest");
  } catch (error) {
    if (error instanceof Error && "kind" in error && error.kind === "NotFound") throw new Failure(`no such manifest: ${canonicalName(reference)}`);
    throw error;
  }
}

async function listed(repository: Repository, reference: Reference, { mediaType, digest, size }: Descriptor, bytes: Uint8Array): Promise<ListedManifest> {
  const manifest = JSON.parse(Buffer.from(bytes).toString("utf8")) as ImageManifest;
  const platform = await platformOf(repository, manifest);
  return {
    Ref: canonicalName(reference),
    Descriptor: { mediaType, digest, size, ...(platform && { platform }) },
    Raw: Buffer.from(bytes).toString("base64"),
    ...(mediaType === MEDIA.dockerManifest ? { SchemaV2Manifest: manifest } : { OCIManifest: manifest }),
  };
}

/** Of the image's config; what is no image has none. */
async function platformOf(repository: Repository, { config }: ImageManifest): Promise<Platform | undefined> {
  if (config === undefined || config.size > MAX_CONFIG_BYTES || !/image/.test(config.mediaType)) return undefined;
  const hasher = new Bun.CryptoHasher("sha256");
  const pieces: Uint8Array[] = [];
  for await (const piece of await repository.blob(config.digest, { expectedSize: config.size })) {
    hasher.update(piece);
    pieces.push(Buffer.from(piece));
  }
  if (`sha256:${hasher.digest("hex")}` !== config.digest) throw new Failure(`the config ${config.digest} is not what its digest promises`);
  const parsed = JSON.parse(Buffer.concat(pieces).toString("utf8")) as ImageConfig & { "os.version"?: string; "os.features"?: string[] };
  return {
    architecture: parsed.architecture,
    os: parsed.os,
    ...(parsed["os.version"] && { "os.version": parsed["os.version"] }),
    ...(parsed["os.features"] && { "os.features": parsed["os.features"] }),
    ...(parsed.variant && { variant: parsed.variant }),
  };
}
