import { describe, expect, test } from "bun:test";
import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openRegistryClient } from "../../src/registry/mod.ts";
import { parseReference, type Digest } from "../../src/spec/mod.ts";
import { digestOf, file, layerOf, legacyArchive, testImage } from "./archives.ts";
import { bytesOf, imageFixture, type Fixture } from "./fixture.ts";
import { INDEX, MemoryRegistry, PATIENCE } from "./memory-registry.ts";
import { until } from "../until.ts";

interface Pulling {
  readonly platform?: { os: string; architecture: string; variant: string | undefined };
  readonly signal?: AbortSignal;
}

const client = openRegistryClient({ userAgent: "test", limits: PATIENCE });

async function pull(fixture: Fixture, registry: MemoryRegistry, name: string, { platform, signal = new AbortController().signal }: Pulling = {}): Promise<{ id: Digest; updated: boolean; said: string[] }> {
  const reference = parseReference(`${registry.host}/${name}`);
  const said: string[] = [];
  const { id, updated } = await fixture.images.pull({ reference, repository: client.repository(reference), platform, signal }, ({ id: layer, status = "" }) => said.push(layer === undefined ? status : `${layer}: ${status}`));
  return { id, updated, said };
}

const partials = ({ dir }: Fixture): string[] => readdirSync(join(dir, "content/partial"));

async function expectNothingLeft(fixture: Fixture): Promise<void> {
  await fixture.snapshots.trashEmptied();
  expect(fixture.images.list({ all: true, filters: {} })).toEqual([]);
  expect(fixture.content.list()).toEqual([]);
  expect(readdirSync(join(fixture.dir, "content/ingest"))).toEqual([]);
  expect(readdirSync(join(fixture.dir, "layers"))).toEqual([]);
}

/** Large enough to be unpacked while it arrives. */
const noise = new Uint8Array(3 * 1024 * 1024);
for (let at = 0; at < noise.length; at += 65536) crypto.getRandomValues(noise.subarray(at, at + 65536));
const large = layerOf(file("data", noise));
const small = layerOf(file("etc/os", "base"));
const upper = layerOf(file("bin/app", "app"));
const image = testImage([large, small, upper], []);

const packings: [string, (layer: Uint8Array) => Uint8Array, string][] = [
  ["gzip", (layer) => Bun.gzipSync(new Uint8Array(layer)), "application/vnd.docker.image.rootfs.diff.tar.gzip"],
  ["zstd", (layer) => Bun.zstdCompressSync(new Uint8Array(layer)), "application/vnd.oci.image.layer.v1.tar+zstd"],
  ["nothing", (layer) => layer, "application/vnd.oci.image.layer.v1.tar"],
];

describe("pull()", () => {
  for (const [packing, pack, mediaType] of packings) {
    test(`brings layers packed with ${packing}`, async () => {
      await using registry = new MemoryRegistry();
      await using fixture = await imageFixture();
      const { digest } = registry.add("app", "1", image, pack, mediaType);
      const { id, updated, said } = await pull(fixture, registry, "app:1");
      expect([id, updated]).toEqual([image.id, true]);
      const found = fixture.images.resolve(`${registry.host}/app:1`);
      expect(found.repoDigests).toEqual([`${registry.host}/app@${digest}`]);
      const data = found.layers.map((n) => join(fixture.dir, "layers", String(n), "fs"));
      expect(readFileSync(join(data[0] ?? "", "data")).equals(noise)).toBe(true);
      expect(readFileSync(join(data[2] ?? "", "bin/app"), "utf8")).toBe("app");
      expect(said[0]).toBe("1: Pulling from app");
      expect(said.at(-1)).toBe(`Digest: ${digest}`);
      expect(said.filter((line) => line.endsWith("Pull complete"))).toHaveLength(3);
      expect(partials(fixture)).toEqual([]);
    });
  }

  test("asks for one manifest when the image is here, and for no layer that is", async () => {
    await using registry = new MemoryRegistry();
    await using fixture = await imageFixture();
    registry.add("app", "1", image);
    await pull(fixture, registry, "app:1");
    const before = registry.asked.length;
    const again = await pull(fixture, registry, "app:1");
    expect([again.updated, registry.asked.slice(before)]).toEqual([false, ["GET manifests/1"]]);
    const more = testImage([large, small, layerOf(file("bin/app", "newer"))], []);
    registry.add("app", "2", more);
    const { said } = await pull(fixture, registry, "app:2");
    expect(said.filter((line) => line.endsWith("Already exists"))).toHaveLength(2);
    expect(said.filter((line) => line.endsWith("Pulling fs layer"))).toHaveLength(1);
    expect(registry.fetched(digestOf(Bun.gzipSync(new Uint8Array(large))))).toBe(1);
  });

  test("by digest gives no tag, and by index the digest of the index", async () => {
    await using registry = new MemoryRegistry();
    await using fixture = await imageFixture();
    const own = registry.add("app", undefined, image);
    const other = registry.add("app", undefined, testImage([upper], [], { architecture: "s390x" }));
    const attestation = { ...other, platform: { os: "unknown", architecture: "unknown" } };
    const inner = registry.manifest("app", undefined, { schemaVersion: 2, mediaType: INDEX, manifests: [attestation, { ...other, platform: { os: "linux", architecture: "s390x" } }, { ...own, platform: { os: "linux", architecture: process.arch === "arm64" ? "arm64" : "amd64" } }] }, INDEX);
    const outer = registry.manifest("app", "1", { schemaVersion: 2, mediaType: INDEX, manifests: [inner] }, INDEX);
    const { id } = await pull(fixture, registry, `app@${outer.digest}`);
    expect([id, fixture.images.resolve(id).repoTags, fixture.images.resolve(id).repoDigests]).toEqual([image.id, [], [`${registry.host}/app@${outer.digest}`]]);
    await expect(pull(fixture, registry, "app:1", { platform: { os: "linux", architecture: "riscv64", variant: undefined } })).rejects.toThrow("no matching manifest for linux/riscv64 in the manifest list entries");
  });

  test("keeps the index that the name stands for, with the platforms that were brought", async () => {
    await using registry = new MemoryRegistry();
    await using fixture = await imageFixture();
    const foreign = testImage([upper], [], { architecture: "s390x" });
    const manifests = [{ ...registry.add("app", undefined, image), platform: { os: "linux", architecture: "amd64" } }, { ...registry.add("app", undefined, foreign), platform: { os: "linux", architecture: "s390x" } }];
    const index = registry.manifest("app", "1", { schemaVersion: 2, mediaType: INDEX, manifests }, INDEX);
    const available = (): unknown[] => fixture.images.list({ filters: {}, manifests: true }).map(({ Descriptor, Manifests }) => [Descriptor?.digest, Manifests?.map(({ Available }) => Available)]);
    const amd64 = { os: "linux", architecture: "amd64", variant: undefined };
    await pull(fixture, registry, "app:1", { platform: amd64 });
    expect(available()).toEqual([[index.digest, [true, false]]]);
    await pull(fixture, registry, "app:1", { platform: { ...amd64, architecture: "s390x" } });
    expect(available()).toEqual([[index.digest, [true, true]]]);
    expect((await fixture.images.resolveFor(`${registry.host}/app:1`, amd64)).id).toBe(image.id);
  });

  test("takes the newest variant that the machine runs", async () => {
    await using registry = new MemoryRegistry();
    await using fixture = await imageFixture();
    const variants = ["v5", "v6", "v8"].map((variant) => ({ variant, image: testImage([layerOf(file("variant", variant))], [], { architecture: "arm" }) }));
    const manifests = variants.map(({ variant, image: each }) => ({ ...registry.add("app", undefined, each), platform: { os: "linux", architecture: "arm", variant } }));
    registry.manifest("app", "1", { schemaVersion: 2, manifests }, INDEX);
    const { id } = await pull(fixture, registry, "app:1", { platform: { os: "linux", architecture: "arm", variant: undefined } });
    expect(id).toBe(variants[1]?.image.id as Digest);
  });

  test("an image that was loaded keeps its form where a pulled one has the same layers", async () => {
    await using registry = new MemoryRegistry();
    await using fixture = await imageFixture();
    await fixture.images.load(bytesOf(legacyArchive(testImage([large, small], ["loaded:1"]))), () => undefined);
    registry.add("app", "1", image);
    const { said } = await pull(fixture, registry, "app:1");
    expect(said.filter((line) => line.endsWith("Already exists"))).toHaveLength(2);
    const { manifest } = fixture.images.resolve(`${registry.host}/app:1`);
    expect(manifest.layers.every(({ digest }) => fixture.content.has(digest))).toBe(true);
  });

  test("one image with a layer twice, and two images with one layer in different places", async () => {
    await using registry = new MemoryRegistry();
    await using fixture = await imageFixture();
    registry.add("twice", "1", testImage([upper, upper, large], []));
    registry.add("other", "1", testImage([large, upper], []));
    await Promise.all([pull(fixture, registry, "twice:1"), pull(fixture, registry, "other:1")]);
    expect(registry.fetched(digestOf(Bun.gzipSync(new Uint8Array(large))))).toBe(1);
    expect(registry.fetched(digestOf(Bun.gzipSync(new Uint8Array(upper))))).toBe(1);
    expect(fixture.images.resolve(`${registry.host}/twice:1`).layers).toHaveLength(3);
  });
});

test("pull() fetches again what a check has removed, and nothing else", async () => {
  await using registry = new MemoryRegistry();
  await using fixture = await imageFixture();
  const { digest } = registry.add("app", "1", image);
  const { id } = await pull(fixture, registry, "app:1");
  const [lost, kept] = [digestOf(Bun.gzipSync(new Uint8Array(small))), digestOf(Bun.gzipSync(new Uint8Array(large)))];
  for (const gone of [lost, digest, id]) await fixture.content.remove(gone as Digest);
  const { said } = await pull(fixture, registry, "app:1");
  expect(said.filter((line) => line.endsWith("Pulling fs layer"))).toEqual([`${lost.slice(7, 19)}: Pulling fs layer`]);
  expect([lost, digest, id].every((each) => fixture.content.has(each as Digest))).toBe(true);
  expect([registry.fetched(lost), registry.fetched(kept)]).toEqual([2, 1]);
  await fixture.snapshots.trashEmptied();
  expect(readdirSync(join(fixture.dir, "layers"))).toHaveLength(3);
});

describe("a pull that is shared", () => {
  test("is one download, which the last to leave ends", async () => {
    await using registry = new MemoryRegistry();
    await using fixture = await imageFixture();
    registry.add("app", "1", testImage([large], []));
    const packed = Bun.gzipSync(new Uint8Array(large));
    const open = Promise.withResolvers<void>();
    registry.fault = (request, path) => (request.method === "GET" && path === `blobs/${digestOf(packed)}` ? new Response(heldUp(packed, 1 << 20, open.promise)) : undefined);
    const leaves = new AbortController();
    const [first, second] = [pull(fixture, registry, "app:1", { signal: leaves.signal }), pull(fixture, registry, "app:1")];
    await until(() => partials(fixture).length > 0);
    leaves.abort(new Error("the client has gone away"));
    await expect(first).rejects.toThrow("the client has gone away");
    open.resolve();
    await second;
    expect(registry.fetched(digestOf(packed))).toBe(1);
  });

  test("ends with its last listener, and is gone on with later, over a restart too", async () => {
    await using registry = new MemoryRegistry();
    const fixture = await imageFixture();
    registry.add("app", "1", testImage([large, upper], []));
    const packed = Bun.gzipSync(new Uint8Array(large));
    const stalls = new Promise<void>(() => undefined);
    registry.fault = (request, path) => (request.method === "GET" && path === `blobs/${digestOf(packed)}` ? new Response(heldUp(packed, 2 << 20, stalls)) : undefined);
    const leaves = new AbortController();
    const pulling = pull(fixture, registry, "app:1", { signal: leaves.signal });
    const partial = join(fixture.dir, "content/partial", digestOf(packed).slice("sha256:".length));
    await until(() => existsSync(partial) && readFileSync(partial).length >= 1 << 20);
    leaves.abort(new Error("the client has gone away"));
    await expect(pulling).rejects.toThrow("the client has gone away");
    await expectNothingLeft(fixture);
    const kept = readFileSync(partial).length;
    registry.fault = undefined;
    await using reopened = await fixture.reopen();
    const { id } = await pull(reopened, registry, "app:1");
    expect(registry.asked).toContain(`GET blobs/${digestOf(packed)} bytes=${kept}-`);
    // The small layer had arrived whole.
    expect(registry.fetched(digestOf(Bun.gzipSync(new Uint8Array(upper))))).toBe(1);
    expect(reopened.images.resolve(id).layers).toHaveLength(2);
    expect(partials(reopened)).toEqual([]);
  });

  test("begins again when what was kept has been damaged", async () => {
    await using registry = new MemoryRegistry();
    await using fixture = await imageFixture();
    registry.add("app", "1", testImage([large], []));
    const packed = Bun.gzipSync(new Uint8Array(large));
    writeFileSync(join(fixture.dir, "content/partial", digestOf(packed).slice("sha256:".length)), new Uint8Array(1 << 20));
    await pull(fixture, registry, "app:1");
    expect(registry.asked.filter((line) => line.startsWith(`GET blobs/${digestOf(packed)}`))).toEqual([`GET blobs/${digestOf(packed)} bytes=${1 << 20}-`, `GET blobs/${digestOf(packed)}`]);
    expect(partials(fixture)).toEqual([]);
  });
});

describe("a mirror", () => {
  const faults: [string, (right: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>][] = [
    ["that sends other bytes", (right) => new Uint8Array(right).fill(1, right.length >> 1)],
    ["that sends too few", (right) => right.subarray(0, right.length - 1)],
    ["that never ends", (right) => endless(right)],
    ["that sends half and no more", (right) => cutShort(right)],
  ];
  for (const [name, wrong] of faults)
    test(`${name} is passed over for the registry itself`, async () => {
      await using mirror = new MemoryRegistry();
      await using home = new MemoryRegistry();
      await using fixture = await imageFixture();
      for (const each of [mirror, home]) each.add("app", "1", image);
      mirror.fault = (request, path) => (request.method === "GET" && path.startsWith("blobs/") ? new Response(wrong(mirror.blobs.get(path.slice("blobs/".length)) ?? new Uint8Array())) : undefined);
      const mirrored = openRegistryClient({ userAgent: "test", limits: PATIENCE, mirrors: { [home.host]: [`http://${mirror.host}`] } });
      const reference = parseReference(`${home.host}/app:1`);
      const { id } = await fixture.images.pull({ reference, repository: mirrored.repository(reference), signal: new AbortController().signal }, () => undefined);
      expect(id).toBe(image.id);
      expect(mirror.asked.some((line) => line.startsWith("GET blobs/"))).toBe(true);
      expect(readFileSync(join(fixture.dir, "layers", String(fixture.images.resolve(id).layers[0]), "fs/data")).equals(noise)).toBe(true);
      expect(partials(fixture)).toEqual([]);
      mirrored.close();
    });
});

describe("a registry that lies", () => {
  for (const [layer, name] of [[large, "large"], [small, "small"]] as const) {
    const packed = Bun.gzipSync(new Uint8Array(layer));
    const digest = digestOf(packed);
    const lies: [string, () => Uint8Array, RegExp][] = [
      ["with other bytes", () => Buffer.from(packed).fill(1, 40, 60), new RegExp(`layer ${digest.slice(7, 19)}: filesystem layer verification failed for digest ${digest}`)],
      ["with one byte more", () => Buffer.concat([packed, Buffer.alloc(1)]), new RegExp(`layer ${digest.slice(7, 19)}: .*${packed.length + 1} bytes`)],
    ];
    for (const [how, body, sentence] of lies) {
      test(`${how} of a ${name} layer: the image is named and nothing stays`, async () => {
        await using registry = new MemoryRegistry();
        await using fixture = await imageFixture();
        registry.add("app", "1", testImage([layer], []));
        registry.fault = (request, path) => (request.method === "GET" && path === `blobs/${digest}` ? new Response(new Uint8Array(body())) : undefined);
        const failure = await pull(fixture, registry, "app:1").then(() => "", String);
        expect(failure).toMatch(sentence);
        expect(failure).toContain(`cannot pull ${registry.host}/app:1`);
        await expectNothingLeft(fixture);
        expect(partials(fixture)).toEqual([]);
      });
    }
  }

  test("about a layer's content, in the configuration: nothing stays", async () => {
    await using registry = new MemoryRegistry();
    await using fixture = await imageFixture();
    registry.add("app", "1", testImage([large, small], [], { diffIDs: [digestOf(large), digestOf(upper)] as Digest[] }));
    await expect(pull(fixture, registry, "app:1")).rejects.toThrow(/wrong diff id/);
    await expectNothingLeft(fixture);
  });

  test("about the configuration's bytes, its size, or what it is", async () => {
    await using registry = new MemoryRegistry();
    await using fixture = await imageFixture();
    registry.add("app", "1", image);
    registry.fault = (_request, path) => (path === `blobs/${image.id}` ? new Response(image.config.replace("linux", "linus")) : undefined);
    await expect(pull(fixture, registry, "app:1")).rejects.toThrow(`image config verification failed for digest ${image.id}`);
    registry.fault = undefined;
    const config = { mediaType: "application/vnd.cncf.helm.config.v1+json", digest: image.id, size: 2 };
    registry.manifest("chart", "1", { schemaVersion: 2, config, layers: [] }, "application/vnd.oci.image.manifest.v1+json");
    await expect(pull(fixture, registry, "chart:1")).rejects.toThrow('Encountered remote "application/vnd.cncf.helm.config.v1+json"(unknown) when fetching');
    await expectNothingLeft(fixture);
  });

  test("with a manifest that is none, or that names more than it may", async () => {
    await using registry = new MemoryRegistry();
    await using fixture = await imageFixture();
    const layers = Array.from({ length: 501 }, () => registry.blob("x", "application/vnd.oci.image.layer.v1.tar"));
    registry.manifest("app", "many", { schemaVersion: 2, config: registry.blob(image.config, "application/vnd.oci.image.config.v1+json"), layers }, "application/vnd.oci.image.manifest.v1+json");
    await expect(pull(fixture, registry, "app:many")).rejects.toThrow("the manifest's layers are no list");
    await expect(pull(fixture, registry, "app:none")).rejects.toThrow(/manifest for .*app:none not found/);
    let nested = registry.add("app", undefined, image);
    for (let depth = 0; depth < 6; depth++) nested = registry.manifest("app", "deep", { schemaVersion: 2, manifests: [nested] }, INDEX);
    await expect(pull(fixture, registry, "app:deep")).rejects.toThrow("nested too deep");
    await expectNothingLeft(fixture);
  });
});

test("downloads that nobody came back for are swept, by age and by size", async () => {
  await using fixture = await imageFixture();
  const folder = join(fixture.dir, "content/partial");
  appendFileSync(join(folder, "a".repeat(64)), "kept");
  writeFileSync(join(folder, "b".repeat(64)), "");
  writeFileSync(join(folder, "no-digest"), "x");
  await using reopened = await fixture.reopen();
  expect(partials(reopened)).toEqual(["a".repeat(64)]);
});

/** Some bytes, and the others when it is told to. */
function heldUp(bytes: Uint8Array, first: number, open: Promise<void>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async start(controller) {
      controller.enqueue(bytes.subarray(0, first));
      await open;
      controller.enqueue(bytes.subarray(first));
      controller.close();
    },
  });
}

function endless(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({ pull: (controller) => controller.enqueue(bytes) });
}

/** Ends before its end, without having said how long it would be. */
function cutShort(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(bytes.subarray(0, bytes.length >> 1));
      controller.close();
    },
  });
}
