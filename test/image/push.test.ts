import { expect, test } from "bun:test";
import { gunzipSync } from "node:zlib";
import { openRegistryClient } from "../../src/registry/mod.ts";
import { parseReference, type Digest, type ImageManifest } from "../../src/spec/mod.ts";
import { digestOf, file, layerOf, legacyArchive, testImage } from "./archives.ts";
import { bytesOf, imageFixture, type Fixture } from "./fixture.ts";
import { GZIP, INDEX, MemoryRegistry, PATIENCE } from "./memory-registry.ts";

const client = openRegistryClient({ userAgent: "test", limits: PATIENCE });

type Platform = { os: string; architecture: string; variant: undefined };

async function push(fixture: Fixture, name: string, signal = new AbortController().signal, platform?: Platform): Promise<{ digest: Digest; said: string[]; aux: unknown[] }> {
  const reference = parseReference(name);
  const said: string[] = [];
  const told: unknown[] = [];
  const { digest } = await fixture.images.push({ reference, repository: client.repository(reference), platform, signal }, ({ id, status, aux }) => {
    if (status) said.push(id === undefined ? status : `${id}: ${status}`);
    if (aux) told.push(aux);
  });
  return { digest, said, aux: told };
}

async function pull(fixture: Fixture, name: string, platform?: Platform): Promise<void> {
  const reference = parseReference(name);
  await fixture.images.pull({ reference, repository: client.repository(reference), platform, signal: new AbortController().signal }, () => undefined);
}

const base = layerOf(file("etc/os", new Uint8Array(3 * 1024 * 1024)));
const upper = layerOf(file("bin/app", "app"));
const image = testImage([base, upper], []);
const short = (layer: Uint8Array): string => digestOf(layer).slice(7, 19);
const manifestOf = (registry: MemoryRegistry, key: string): ImageManifest => JSON.parse(Buffer.from(registry.manifests.get(key)?.bytes ?? []).toString()) as ImageManifest;

test("push() sends an image as it came, mounts what another repository has, and asks once for what is there", async () => {
  await using registry = new MemoryRegistry();
  await using fixture = await imageFixture();
  const { digest } = registry.add("app", "1", image);
  await pull(fixture, `${registry.host}/app:1`);
  fixture.images.tag(`${registry.host}/app:1`, `${registry.host}/copy:2`);
  const blobs = registry.blobs;
  for (const each of [...blobs.keys()]) if (each !== digestOf(Bun.gzipSync(new Uint8Array(base)))) blobs.delete(each);
  registry.fault = (request, path) => (request.method === "HEAD" && path.startsWith("blobs/") && !registry.asked.some((line) => line.startsWith("PUT")) ? new Response(null, { status: 404 }) : undefined);
  const first = await push(fixture, `${registry.host}/copy:2`);
  expect(first.digest).toBe(digest as Digest);
  expect(first.said).toContain(`${short(base)}: Mounted from app`);
  expect(first.said.at(-1)).toMatch(new RegExp(`^2: digest: ${digest} size: \\d+$`));
  expect(fixture.images.resolve(`${registry.host}/copy:2`).repoDigests).toEqual([`${registry.host}/app@${digest}`, `${registry.host}/copy@${digest}`]);
  const before = registry.asked.length;
  const again = await push(fixture, `${registry.host}/copy:2`);
  expect(again.said.filter((line) => line.endsWith("Layer already exists"))).toHaveLength(2);
  expect(registry.asked.slice(before)).toEqual(["HEAD manifests/2"]);
});

test("push() packs what was loaded plain, the same way each time, and what is pulled is the same image", async () => {
  await using registry = new MemoryRegistry();
  await using fixture = await imageFixture();
  await fixture.images.load(bytesOf(legacyArchive({ ...image, tags: [`${registry.host}/app:1`, `${registry.host}/other:1`] })), () => undefined);
  const kept = fixture.content.list().length;
  const { digest, said } = await push(fixture, `${registry.host}/app:1`);
  expect(said).toContain(`${short(base)}: Pushed`);
  const { layers, config } = manifestOf(registry, "app:1");
  expect(layers.map(({ mediaType }) => mediaType)).toEqual([GZIP, GZIP]);
  expect(layers.map((layer) => digestOf(gunzipSync(registry.blobs.get(layer.digest) ?? new Uint8Array())))).toEqual([digestOf(base), digestOf(upper)]);
  expect(config.digest).toBe(image.id);
  // What was packed for the push does not stay.
  expect(fixture.content.list()).toHaveLength(kept);
  registry.blobs.clear();
  expect((await push(fixture, `${registry.host}/other:1`)).digest).toBe(digest);
  await using elsewhere = await imageFixture();
  await pull(elsewhere, `${registry.host}/other:1`);
  expect(elsewhere.images.resolve(`${registry.host}/other:1`).id).toBe(image.id);
});

test("push() of a layer that cannot be sent while it is packed sends it when it is", async () => {
  await using registry = new MemoryRegistry();
  await using fixture = await imageFixture();
  await fixture.images.load(bytesOf(legacyArchive({ ...image, tags: [`${registry.host}/app:1`] })), () => undefined);
  let cuts = 0;
  registry.fault = (request) => (request.method === "PUT" && request.url.includes("/uploads/") && !request.url.includes(encodeURIComponent(image.id)) && cuts++ < 2 ? new Response(null, { status: 500 }) : undefined);
  const { said } = await push(fixture, `${registry.host}/app:1`);
  expect(said.filter((line) => line.endsWith(": Pushed"))).toHaveLength(2);
  expect(manifestOf(registry, "app:1").layers.every(({ digest }) => registry.blobs.has(digest))).toBe(true);
});

test("push() sends five layers at a time, and begins the uploads of small ones that are next", async () => {
  await using registry = new MemoryRegistry();
  await using fixture = await imageFixture();
  const many = testImage(Array.from({ length: 20 }, (_, index) => layerOf(file(`f${index}`, `layer ${index}`))), [`${registry.host}/many:1`]);
  await fixture.images.load(bytesOf(legacyArchive(many)), () => undefined);
  const begun = (): number => registry.asked.filter((line) => line.startsWith("POST blobs/uploads")).length;
  const enough = Promise.withResolvers<void>();
  let sending = 0;
  let most = 0;
  registry.fault = async (request, path) => {
    if (request.method === "PUT" && path.startsWith("blobs/")) most = Math.max(most, ++sending);
    // Five that are sent, five that are next.
    if (sending === 5 && begun() >= 10) enough.resolve();
    if (request.method === "PUT" && path.startsWith("blobs/")) {
      await enough.promise;
      sending--;
    }
    return undefined;
  };
  await push(fixture, `${registry.host}/many:1`);
  expect(most).toBe(5);
  expect(manifestOf(registry, "many:1").layers.every(({ digest }) => registry.blobs.has(digest))).toBe(true);
}, 60_000);

test("push() of what is not there, and to a registry that refuses", async () => {
  await using registry = new MemoryRegistry();
  await using fixture = await imageFixture();
  await expect(push(fixture, `${registry.host}/app:1`)).rejects.toThrow(`tag does not exist: ${registry.host}/app:1`);
  await fixture.images.load(bytesOf(legacyArchive({ ...image, tags: [`${registry.host}/app:1`] })), () => undefined);
  registry.fault = (request) => (request.method === "POST" ? Response.json({ errors: [{ code: "DENIED", message: "requested access to the resource is denied" }] }, { status: 403 }) : undefined);
  await expect(push(fixture, `${registry.host}/app:1`)).rejects.toThrow(/^denied: requested access to the resource is denied$/);
  expect([...registry.manifests.keys()]).toEqual([]);
  expect(fixture.images.resolve(`${registry.host}/app:1`).repoDigests).toEqual([]);
});

test("push() that nobody waits for ends", async () => {
  await using registry = new MemoryRegistry();
  await using fixture = await imageFixture();
  await fixture.images.load(bytesOf(legacyArchive({ ...image, tags: [`${registry.host}/app:1`] })), () => undefined);
  const leaves = new AbortController();
  registry.fault = (request) => {
    if (request.method === "PUT") leaves.abort(new Error("the client has gone away"));
    return undefined;
  };
  await expect(push(fixture, `${registry.host}/app:1`, leaves.signal)).rejects.toThrow("the client has gone away");
  expect([...registry.manifests.keys()]).toEqual([]);
});

test("push() of an index sends all platforms when they are here, and says so when only one is", async () => {
  await using registry = new MemoryRegistry();
  await using fixture = await imageFixture();
  const platforms: Platform[] = ["amd64", "s390x"].map((architecture) => ({ os: "linux", architecture, variant: undefined }));
  const manifests = platforms.map((platform) => ({ ...registry.add("app", undefined, testImage([base, layerOf(file("arch", platform.architecture))], [], { architecture: platform.architecture })), platform: { os: "linux", architecture: platform.architecture } }));
  const inner = registry.manifest("app", undefined, { schemaVersion: 2, manifests: manifests.slice(1) }, INDEX);
  const index = registry.manifest("app", "1", { schemaVersion: 2, mediaType: INDEX, manifests: [manifests[0], inner] }, INDEX);
  await pull(fixture, `${registry.host}/app:1`, platforms[0]);
  await using target = new MemoryRegistry();
  fixture.images.tag(`${registry.host}/app:1`, `${target.host}/copy:1`);
  const alone = await push(fixture, `${target.host}/copy:1`);
  expect(alone.digest).toBe(manifests[0]?.digest as Digest);
  expect(alone.aux).toContainEqual({ manifestPushedInsteadOfIndex: true, originalIndex: index, selectedManifest: { mediaType: manifests[0]?.mediaType, digest: manifests[0]?.digest, size: manifests[0]?.size } });
  const signal = new AbortController().signal;
  await expect(push(fixture, `${target.host}/copy:1`, signal, platforms[1])).rejects.toThrow(`image with reference ${target.host}/copy:1 was found but does not provide the specified platform (linux/s390x)`);

  await pull(fixture, `${registry.host}/app:1`, platforms[1]);
  fixture.images.tag(`${registry.host}/app:1`, `${target.host}/copy:1`);
  expect((await push(fixture, `${target.host}/copy:1`, signal, platforms[1])).digest).toBe(manifests[1]?.digest as Digest);
  const whole = await push(fixture, `${target.host}/copy:1`);
  expect(whole.digest).toBe(index.digest as Digest);
  expect(whole.said.at(-1)).toBe(`1: digest: ${index.digest} size: ${index.size}`);
  for (const { digest, mediaType } of [index, inner, ...manifests]) expect(target.manifests.get(`copy:${digest}`)?.type).toBe(mediaType);
  expect(fixture.images.resolve(`${target.host}/copy@${index.digest}`).id).toBe(fixture.images.resolve(`${target.host}/copy:1`).id);
  const before = target.asked.length;
  await push(fixture, `${target.host}/copy:1`);
  expect(target.asked.slice(before)).toEqual(["HEAD manifests/1"]);
  await using elsewhere = await imageFixture();
  for (const platform of platforms) await pull(elsewhere, `${target.host}/copy:1`, platform);
});
