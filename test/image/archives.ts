/** Image archives made by the tests themselves. */
import { encodeTar, type NewEntry } from "../../src/archive/mod.ts";
import type { Digest, ImageProcessConfig } from "../../src/spec/mod.ts";

type Member = NewEntry & { content?: Uint8Array | string };

export const digestOf = (bytes: Uint8Array | string): Digest => `sha256:${new Bun.CryptoHasher("sha256").update(bytes).digest("hex")}` as Digest;
export const file = (name: string, content: Uint8Array | string): Member => ({ kind: "file", name, content });
export const layerOf = (...members: Member[]): Uint8Array => encodeTar(members);

export interface TestImage {
  readonly config: string;
  readonly id: Digest;
  readonly layers: readonly Uint8Array[];
  readonly tags: readonly string[];
}

export function testImage(layers: readonly Uint8Array[], tags: readonly string[], extra: { process?: ImageProcessConfig; os?: string; architecture?: string; diffIDs?: Digest[]; created?: string } = {}): TestImage {
  const config = JSON.stringify({
    architecture: extra.architecture ?? "amd64",
    os: extra.os ?? "linux",
    created: extra.created ?? "2024-05-06T07:08:09.123456789Z",
    config: extra.process ?? { Cmd: ["sh"] },
    rootfs: { type: "layers", diff_ids: extra.diffIDs ?? layers.map(digestOf) },
    history: layers.map((_, index) => ({ created: "2024-05-06T07:08:09Z", created_by: `step ${index}` })),
  });
  return { config, id: digestOf(config), layers, tags };
}

/** As `docker save` wrote before 25: a folder per layer. */
export function legacyArchive(...images: TestImage[]): Uint8Array {
  const members: Member[] = [];
  const list = images.map(({ config, id, layers, tags }) => {
    const names = layers.map((layer) => `${digestOf(layer).slice(7)}/layer.tar`);
    members.push(...layers.map((layer, index) => file(names[index] as string, layer)), file(`${id.slice(7)}.json`, config));
    return { Config: `${id.slice(7)}.json`, RepoTags: tags, Layers: names };
  });
  return encodeTar([...members, file("manifest.json", JSON.stringify(list)), file("repositories", "{}")]);
}

const blobName = (digest: string): string => `blobs/sha256/${digest.slice(7)}`;

/** An OCI layout; layers go through `pack`. */
export function ociArchive(image: TestImage, options: { pack?: (layer: Uint8Array) => Uint8Array; nested?: boolean; name?: string; attestation?: boolean; tamper?: (members: Member[]) => Member[] } = {}): Uint8Array {
  const packed = image.layers.map(options.pack ?? ((layer) => layer));
  const describe = (bytes: Uint8Array | string, mediaType: string) => ({ mediaType, digest: digestOf(bytes), size: Buffer.byteLength(bytes) });
  const manifest = JSON.stringify({ schemaVersion: 2, config: describe(image.config, "application/vnd.oci.image.config.v1+json"), layers: packed.map((layer) => describe(layer, "application/vnd.oci.image.layer.v1.tar")) });
  const platform = { os: "linux", architecture: "amd64" };
  const attestation = JSON.stringify({ schemaVersion: 2, config: describe("{}", "application/vnd.oci.image.config.v1+json"), layers: [] });
  const manifests = [
    ...(options.attestation ? [{ ...describe(attestation, "application/vnd.oci.image.manifest.v1+json"), platform: { os: "unknown", architecture: "unknown" }, annotations: { "vnd.docker.reference.type": "attestation-manifest" } }] : []),
    { ...describe(manifest, "application/vnd.oci.image.manifest.v1+json"), platform },
  ];
  const inner = JSON.stringify({ schemaVersion: 2, manifests });
  const annotations = { "io.containerd.image.name": options.name ?? "docker.io/library/oci:1" };
  const entry = options.nested ? { ...describe(inner, "application/vnd.oci.image.index.v1+json"), annotations } : { ...manifests.at(-1), annotations };
  const blobs = [...packed, image.config, manifest, ...(options.nested ? [inner] : []), ...(options.attestation ? [attestation, "{}"] : [])];
  const members = [
    ...blobs.map((blob) => file(blobName(digestOf(blob)), blob)),
    file("oci-layout", '{"imageLayoutVersion":"1.0.0"}'),
    file("index.json", JSON.stringify({ schemaVersion: 2, manifests: [entry] })),
  ];
  return encodeTar(options.tamper ? options.tamper(members) : members);
}
