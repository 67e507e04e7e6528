import { expect, test } from "bun:test";
import { join } from "node:path";
import { TarReader } from "../../src/archive/mod.ts";
import { digestOf, file, layerOf, legacyArchive, ociArchive, testImage } from "./archives.ts";
import { bytesOf, imageFixture, type Fixture } from "./fixture.ts";

const base = layerOf(file("etc/os", "base"));
const upper = layerOf(file("etc/.wh.os", ""), file("bin/app", "app"));
const image = testImage([base, upper], ["web:1", "example.org/team/web:latest"]);
const other = testImage([base, layerOf(file("other", "o"))], ["web:2"]);

const load = (fixture: Fixture, archive: Uint8Array): Promise<void> => fixture.images.load(bytesOf(archive), () => {});

async function saved(fixture: Fixture, ...names: string[]): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of (await fixture.images.save(names, { signal: new AbortController().signal })).bytes) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}

function filesOf(archive: Uint8Array): Map<string, string> {
  const files = new Map<string, string>();
  let current = "";
  for (const event of new TarReader().push(archive)) {
    if (event.kind === "entry") files.set((current = event.entry.name), "");
    if (event.kind === "data") files.set(current, files.get(current) + Buffer.from(event.bytes).toString("latin1"));
  }
  return files;
}

const refusal = (fixture: Fixture, name: string): Promise<string> => fixture.images.save([name], { signal: new AbortController().signal }).then(() => "none", (error: Error) => error.message);

test("save() writes an OCI layout that is a docker-archive, each blob once, sorted, the same bytes each time", async () => {
  await using fixture = await imageFixture();
  await load(fixture, legacyArchive(image, other));
  const archive = await saved(fixture, "web", "example.org/team/web");
  expect(await saved(fixture, "web", "example.org/team/web")).toEqual(archive);
  const files = filesOf(archive);
  const names = [...files.keys()];
  expect(names.slice(0, 2)).toEqual(["blobs/", "blobs/sha256/"]);
  expect(names.slice(-4)).toEqual(["index.json", "manifest.json", "oci-layout", "repositories"]);
  const blobs = names.slice(2, -4);
  expect(blobs).toEqual([...blobs].sort());
  expect(blobs).toHaveLength(2 + 2 + 3);
  for (const name of blobs) expect(name).toBe(`blobs/sha256/${digestOf(Buffer.from(files.get(name) ?? "", "latin1")).slice(7)}`);
  expect(JSON.parse(files.get("manifest.json") ?? "")).toMatchObject([
    { Config: `blobs/sha256/${image.id.slice(7)}`, RepoTags: ["web:1", "example.org/team/web:latest"], Layers: [base, upper].map((layer) => `blobs/sha256/${digestOf(layer).slice(7)}`) },
    { RepoTags: ["web:2"] },
  ]);
  expect(JSON.parse(files.get("repositories") ?? "")).toMatchObject({ web: { 1: digestOf(upper).slice(7) }, "example.org/team/web": { latest: digestOf(upper).slice(7) } });
});

test("what is saved is loaded as what it was: ids, names, blobs and manifests", async () => {
  await using fixture = await imageFixture();
  await load(fixture, ociArchive(image, { pack: (bytes) => Bun.gzipSync(Buffer.from(bytes)), name: "example.org/team/oci:2" }));
  await load(fixture, legacyArchive(other));
  const archive = await saved(fixture, "example.org/team/oci:2", "web:2");
  await using copy = await imageFixture();
  await load(copy, archive);
  for (const name of ["example.org/team/oci:2", "web:2"]) expect(copy.images.resolve(name)).toMatchObject({ ...fixture.images.resolve(name), layers: expect.any(Array) });
  expect(copy.content.list().sort()).toEqual(fixture.content.list().sort());
});

test("an id is saved without a name, a name beside it with it", async () => {
  await using fixture = await imageFixture();
  await load(fixture, legacyArchive(image));
  const files = filesOf(await saved(fixture, image.id));
  expect(JSON.parse(files.get("manifest.json") ?? "")).toMatchObject([{ RepoTags: null }]);
  expect(files.has("repositories")).toBe(false);
  expect(JSON.parse(filesOf(await saved(fixture, image.id, "web:1", "web:1")).get("manifest.json") ?? "")).toMatchObject([{ RepoTags: ["web:1"] }]);
});

test("what is not there is said before the first byte, in Docker's words", async () => {
  await using fixture = await imageFixture();
  await load(fixture, legacyArchive(image));
  expect(await refusal(fixture, "nosuch")).toBe("No such image: nosuch");
  expect(await refusal(fixture, "nosuch:x")).toBe("reference does not exist");
  expect(await refusal(fixture, "BAD")).toBe("invalid reference format: repository name (library/BAD) must be lowercase");
  await expect(fixture.images.save(["web:1"], { platform: { os: "linux", architecture: "arm64", variant: undefined }, signal: new AbortController().signal })).rejects.toThrow("no suitable export target found for platform linux/arm64");
});

test("a blob that the disk has changed ends the archive before its last piece", async () => {
  await using fixture = await imageFixture();
  await load(fixture, legacyArchive(image));
  await Bun.write(fixture.content.path(digestOf(base)), layerOf(file("etc/os", "evil")));
  await expect(saved(fixture, "web:1")).rejects.toThrow("damaged on disk");
});

test("blobs of an image that is removed meanwhile stay until the archive is written", async () => {
  await using fixture = await imageFixture();
  await load(fixture, legacyArchive(image));
  const bytes = (await fixture.images.save(["web:1"], { signal: new AbortController().signal })).bytes[Symbol.asyncIterator]();
  const pieces = [Buffer.from((await bytes.next()).value as Uint8Array)];
  await fixture.images.remove("web:1", { force: true, prune: true, inUse: () => [] });
  await fixture.images.remove("example.org/team/web", { force: true, prune: true, inUse: () => [] });
  for (let next = await bytes.next(); !next.done; next = await bytes.next()) pieces.push(Buffer.from(next.value));
  expect(filesOf(Buffer.concat(pieces)).size).toBe(2 + 4 + 4);
  expect(fixture.content.list()).toEqual([]);
});

const peer = Bun.env["DOCKER_PEER"];
test.skipIf(peer === undefined)("docker load takes it: same ids (set DOCKER_PEER=unix:///… to a Docker Engine 28)", async () => {
  await using fixture = await imageFixture();
  const name = `hk-saved-${process.pid}:1`;
  await load(fixture, ociArchive(image, { pack: (bytes) => Bun.gzipSync(Buffer.from(bytes)), name: `docker.io/library/${name}` }));
  await Bun.write(join(fixture.dir, "saved.tar"), await saved(fixture, name));
  const docker = ["docker", "-H", peer ?? ""];
  try {
    await Bun.$`${docker} load -i ${join(fixture.dir, "saved.tar")}`.quiet();
    expect((await Bun.$`${docker} image inspect -f ${"{{.Id}}"} ${name}`.text()).trim()).toBe(image.id);
  } finally {
    await Bun.$`${docker} rmi -f ${name}`.quiet().nothrow();
  }
});
