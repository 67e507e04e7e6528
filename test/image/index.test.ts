/** Images of several platforms, kept as the index that they came with. */
import { expect, test } from "bun:test";
import { encodeTar } from "../../src/archive/mod.ts";
import type { Digest } from "../../src/spec/mod.ts";
import { digestOf, file, layerOf, testImage } from "./archives.ts";
import { bytesOf, imageFixture, type Fixture } from "./fixture.ts";

const amd64 = testImage([layerOf(file("etc/arch", "amd64"))], [], { architecture: "amd64" });
const arm64 = testImage([layerOf(file("etc/arch", "arm64"))], [], { architecture: "arm64" });
const ARM64 = { os: "linux", architecture: "arm64", variant: undefined };
const NAME = "example.org/team/multi:1";

const describe = (bytes: Uint8Array | string, mediaType: string): { mediaType: string; digest: Digest; size: number } => ({ mediaType, digest: digestOf(bytes), size: Buffer.byteLength(bytes) });
const manifestOf = (config: string, layers: readonly Uint8Array[]): string =>
  JSON.stringify({ schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json", config: describe(config, "application/vnd.oci.image.config.v1+json"), layers: layers.map((layer) => describe(layer, "application/vnd.oci.image.layer.v1.tar")) });

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const manifests = [amd64, arm64].map(({ config, layers }) => manifestOf(config, layers));
const statement = JSON.stringify({ predicateType: "https://slsa.dev/provenance/v1" });
const attestation = manifestOf("{}", [Buffer.from(statement)]);
const index = JSON.stringify({
  schemaVersion: 2,
  mediaType: "application/vnd.oci.image.index.v1+json",
  manifests: [
    { ...describe(manifests[0] ?? "", MANIFEST), platform: { os: "linux", architecture: "amd64" } },
    { ...describe(manifests[1] ?? "", MANIFEST), platform: { os: "linux", architecture: "arm64" } },
    { ...describe(attestation, MANIFEST), platform: { os: "unknown", architecture: "unknown" }, annotations: { "vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": digestOf(manifests[0] ?? "") } },
    { ...describe("not here", MANIFEST), platform: { os: "linux", architecture: "s390x" } },
  ],
});
const BLOBS = [index, ...manifests, attestation, statement, "{}", ...[amd64, arm64].flatMap(({ config, layers }) => [config, ...layers])];
const digests = BLOBS.map((blob) => digestOf(blob)).sort();

const archive = encodeTar([
  ...BLOBS.map((blob) => file(`blobs/sha256/${digestOf(blob).slice(7)}`, blob)),
  file("index.json", JSON.stringify({ schemaVersion: 2, manifests: [{ ...describe(index, "application/vnd.oci.image.index.v1+json"), annotations: { "io.containerd.image.name": NAME } }] })),
  file("oci-layout", '{"imageLayoutVersion":"1.0.0"}'),
]);

async function loaded(): Promise<Fixture> {
  const fixture = await imageFixture();
  await fixture.images.load(bytesOf(archive), () => {});
  return fixture;
}

function readFile(fixture: Fixture, layers: readonly number[], path: string): string {
  return Buffer.from(fixture.snapshots.layerFiles(layers).readFile(path, 100) ?? []).toString();
}

test("every platform and attestation of a loaded index is kept, this machine's is what its name stands for", async () => {
  await using fixture = await loaded();
  expect(fixture.content.list().sort()).toEqual(digests);
  expect(fixture.images.resolve(NAME).config.architecture).toBe("amd64");
  const [image, ...others] = fixture.images.list({ filters: {}, manifests: true, inUse: () => ["c"] });
  expect(others).toEqual([]);
  expect(image?.Descriptor).toEqual(describe(index, "application/vnd.oci.image.index.v1+json"));
  expect(image?.Manifests).toMatchObject([
    { ID: digestOf(manifests[0] ?? ""), Available: true, Kind: "image", ImageData: { Platform: { os: "linux", architecture: "amd64" }, Containers: ["c"], Size: { Unpacked: 5 } } },
    { Available: true, Kind: "image", ImageData: { Platform: { architecture: "arm64" }, Size: { Unpacked: 0 } } },
    { Available: true, Kind: "attestation", AttestationData: { For: digestOf(manifests[0] ?? "") } },
    { Available: false, Kind: "image", Size: { Content: 0, Total: 0 } },
  ]);
});

test("another platform is unpacked when it is asked for, and is no image of its own in the list", async () => {
  await using fixture = await loaded();
  const image = await fixture.images.resolveFor(NAME, ARM64);
  expect(image).toMatchObject({ id: arm64.id, config: { architecture: "arm64" } });
  expect(readFile(fixture, image.layers, "/etc/arch")).toBe("arm64");
  expect(fixture.images.resolve(NAME).id).toBe(amd64.id);
  expect(fixture.images.list({ all: true, filters: {} })).toHaveLength(1);
  expect(fixture.images.list({ filters: { dangling: ["true"] } })).toEqual([]);
  expect((await fixture.images.resolveFor(NAME, { ...ARM64, architecture: "s390x" })).id).toBe(amd64.id);
});

test("an index outlives a restart, goes over to further names, and goes with the last of them", async () => {
  await using first = await loaded();
  first.images.tag(NAME, "again:1");
  await using fixture = await first.reopen();
  await fixture.images.remove(NAME, { force: false, prune: true, inUse: () => [] });
  await fixture.images.settled();
  expect(fixture.content.list().sort()).toEqual(digests);
  expect((await fixture.images.resolveFor("again:1", ARM64)).id).toBe(arm64.id);
  await fixture.images.remove("again:1", { force: false, prune: true, inUse: () => [] });
  await fixture.images.settled();
  await fixture.snapshots.trashEmptied();
  expect(fixture.content.list()).toEqual([]);
  expect(fixture.images.list({ all: true, filters: {} })).toEqual([]);
});

test("what is saved of an index is all of it, or one platform", async () => {
  await using fixture = await loaded();
  const signal = new AbortController().signal;
  await using copy = await imageFixture();
  await copy.images.load((await fixture.images.save([NAME], { signal })).bytes, () => {});
  expect(copy.content.list().sort()).toEqual(digests);
  expect((await copy.images.resolveFor(NAME, ARM64)).id).toBe(arm64.id);
  await using single = await imageFixture();
  await single.images.load((await fixture.images.save([NAME], { platform: ARM64, signal })).bytes, () => {});
  expect(single.images.resolve(NAME).id).toBe(arm64.id);
  expect(single.content.list()).toHaveLength(3);
});

test("one platform is removed, but not the one that the name stands for", async () => {
  await using fixture = await loaded();
  await fixture.images.resolveFor(NAME, ARM64);
  await expect(fixture.images.removePlatforms(NAME, [ARM64], (id) => (id === arm64.id ? ["c"] : []))).rejects.toThrow("a container uses");
  await expect(fixture.images.removePlatforms(NAME, [{ ...ARM64, architecture: "amd64" }], () => [])).rejects.toThrow("remove the image itself");
  expect(await fixture.images.removePlatforms(NAME, [ARM64], () => [])).toContainEqual({ Deleted: digestOf(manifests[1] ?? "") });
  expect(fixture.content.list().sort()).toEqual(digests.filter((digest) => ![manifests[1] ?? "", arm64.config, arm64.layers[0] ?? ""].map((blob) => digestOf(blob)).includes(digest)));
  expect((await fixture.images.resolveFor(NAME, ARM64)).id).toBe(amd64.id);
});

test("of an archive one platform is loaded when it is asked for, and none in place of one that is not there", async () => {
  await using fixture = await imageFixture();
  await fixture.images.load(bytesOf(archive), () => {}, ARM64);
  expect(fixture.images.resolve(NAME).id).toBe(arm64.id);
  expect(fixture.content.list()).toHaveLength(3);
  await expect(fixture.images.load(bytesOf(archive), () => {}, { ...ARM64, architecture: "s390x" })).rejects.toThrow("the archive has no image for platform linux/s390x");
});
