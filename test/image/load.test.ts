import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { encodeTar } from "../../src/archive/mod.ts";
import { bytesOf, imageFixture, processExtractor, type Fixture } from "./fixture.ts";
import { digestOf, file, layerOf, legacyArchive, ociArchive, testImage } from "./archives.ts";

async function load(fixture: Fixture, archive: Uint8Array): Promise<Record<string, unknown>[]> {
  const messages: Record<string, unknown>[] = [];
  await fixture.images.load(bytesOf(archive), (message) => messages.push(message));
  return messages;
}

async function expectNothingLeft({ dir, content, snapshots, images }: Fixture): Promise<void> {
  await snapshots.trashEmptied();
  expect(images.list({ all: true, filters: {} })).toEqual([]);
  expect(content.list()).toEqual([]);
  expect(readdirSync(join(dir, "content/ingest"))).toEqual([]);
  expect(readdirSync(join(dir, "layers"))).toEqual([]);
}

const base = layerOf(file("etc/os", "base"), file("etc/gone", "x"));
const upper = layerOf(file("etc/.wh.gone", ""), file("bin/app", "app"));
const image = testImage([base, upper], ["web:1"]);

describe("load()", () => {
  test("takes a docker-archive and says what Docker says", async () => {
    await using fixture = await imageFixture();
    const messages = await load(fixture, legacyArchive(image));
    expect(messages.at(-1)).toEqual({ stream: "Loaded image: web:1\n" });
    expect(messages.filter(({ status }) => status === "Loading layer")).toHaveLength(2);
    const found = fixture.images.resolve("web:1");
    expect(found).toMatchObject({ id: image.id, repoTags: ["web:1"], size: 4 + 1 + 3 });
    const files = fixture.snapshots.layerFiles(found.layers);
    expect(Buffer.from(files.readFile("/bin/app", 10) ?? []).toString()).toBe("app");
    expect(files.readFile("/etc/gone", 10)).toBeUndefined();
    expect(fixture.content.list().sort()).toEqual([image.id, digestOf(base), digestOf(upper), found.manifest && fixture.content.list().find((digest) => fixture.content.size(digest) === JSON.stringify(found.manifest).length)].sort() as never);
  });

  test.each([["gzip", (bytes: Uint8Array) => Bun.gzipSync(Buffer.from(bytes))], ["zstd", (bytes: Uint8Array) => Bun.zstdCompressSync(bytes)]])("takes an OCI layout with %s layers, nested index and attestation, itself compressed", async (_, pack) => {
    await using fixture = await imageFixture();
    const archive = ociArchive(image, { pack, nested: true, attestation: true, name: "example.org/team/oci:2" });
    expect((await load(fixture, pack(archive))).at(-1)).toEqual({ stream: "Loaded image: example.org/team/oci:2\n" });
    const found = fixture.images.resolve("example.org/team/oci:2");
    expect(found.id).toBe(image.id);
    expect(found.manifest.layers.map(({ digest }) => digest)).toEqual([base, upper].map((layer) => digestOf(pack(layer))));
    expect(found.manifest.layers.every(({ digest }) => fixture.content.has(digest))).toBe(true);
  });

  test.each(["xz", "bzip2"])("takes an archive compressed with %s", async (program) => {
    await using fixture = await imageFixture();
    await Bun.write(join(fixture.dir, "a.tar"), legacyArchive(image));
    await load(fixture, new Uint8Array(await Bun.$`${program} -c < ${join(fixture.dir, "a.tar")}`.arrayBuffer()));
    expect(fixture.images.resolve("web:1").id).toBe(image.id);
  });

  test("shares layers between images and counts one archive's image once", async () => {
    await using fixture = await imageFixture();
    const other = testImage([base, layerOf(file("other", "o"))], ["web:2", "example.org/x"]);
    await load(fixture, legacyArchive(image, other));
    await load(fixture, legacyArchive(image));
    expect(fixture.images.list({ filters: {} })).toHaveLength(2);
    expect(fixture.images.resolve("web:2").layers[0]).toBe(fixture.images.resolve("web:1").layers[0] as number);
    expect(readdirSync(join(fixture.dir, "layers"))).toHaveLength(3);
    expect(fixture.images.resolve("example.org/x:latest").repoTags).toEqual(["web:2", "example.org/x:latest"]);
  });

  test("a stack that holds the same layer twice has it in two folders", async () => {
    await using fixture = await imageFixture();
    await load(fixture, legacyArchive(testImage([base, upper, base], ["twice"])));
    expect(new Set(fixture.images.resolve("twice").layers).size).toBe(3);
  });

  test("a name that moves leaves the old image without it and says so", async () => {
    await using fixture = await imageFixture();
    await load(fixture, legacyArchive(image));
    const next = testImage([base], ["web:1"]);
    const messages = await load(fixture, legacyArchive(next));
    expect(messages).toContainEqual({ stream: `The image web:1 already exists, renaming the old one with ID ${image.id} to empty string\n` });
    expect(fixture.images.resolve("web:1").id).toBe(next.id);
    expect(fixture.images.resolve(image.id).repoTags).toEqual([]);
    expect(fixture.images.list({ filters: { dangling: ["true"] } }).map(({ Id }) => Id as string)).toEqual([image.id]);
  });

  test("loads 130 layers in helper processes of their own", async () => {
    await using fixture = await imageFixture({ extractor: processExtractor() });
    const layers = Array.from({ length: 130 }, (_, index) => layerOf(file(`f${index}`, String(index))));
    await load(fixture, legacyArchive(testImage(layers, ["tall"])));
    const found = fixture.images.resolve("tall");
    expect(found.layers).toHaveLength(130);
    expect(Buffer.from(fixture.snapshots.layerFiles(found.layers).readFile("f129", 10) ?? []).toString()).toBe("129");
  }, 120_000);

  test("is there after the store was closed and opened again, and nothing else", async () => {
    const fixture = await imageFixture();
    await load(fixture, legacyArchive(image));
    await fixture.content.put("left by a crash");
    fixture.snapshots.layers.create();
    await using again = await fixture.reopen();
    await again.snapshots.trashEmptied();
    expect(again.images.resolve("web:1").layers).toHaveLength(2);
    expect(again.content.list()).toHaveLength(4);
    expect(readdirSync(join(again.dir, "layers"))).toHaveLength(2);
  });

  test("layers that a power cut may have taken are unpacked again from their blobs", async () => {
    const fixture = await imageFixture();
    await load(fixture, legacyArchive(image));
    const [, top] = fixture.images.resolve("web:1").layers;
    const app = join(fixture.dir, "layers", String(top), "fs/bin/app");
    await fixture.images.settled();
    truncateSync(app);
    fixture.db.run("UPDATE layers SET unsynced_boot = 'an earlier start'");
    await using again = await fixture.reopen();
    expect(readFileSync(app, "utf8")).toBe("app");
    expect(again.images.resolve("web:1").layers).toContain(top as number);
  });

  const tampered = (change: (name: string, content: string) => string | undefined) => ociArchive(image, {
    tamper: (members) => members.flatMap((member) => {
      const content = change(member.name, Buffer.from(member.content ?? "").toString("latin1"));
      return content === undefined ? [] : [{ ...member, content: Buffer.from(content, "latin1") }];
    }),
  });
  const layerName = `blobs/sha256/${digestOf(upper).slice(7)}`;

  test.each<[string, Uint8Array]>([
    ["nothing at all", new Uint8Array()],
    ["garbage", Buffer.from("garbage ".repeat(200))],
    ["no manifest", encodeTar([file("x", "y")])],
    ["a manifest that is no JSON", encodeTar([file("manifest.json", "{]")])],
    ["a manifest of the wrong type", encodeTar([file("manifest.json", '[{"Config":5}]')])],
    ["a manifest naming the host's file", encodeTar([file("manifest.json", '[{"Config":"../../../etc/passwd","Layers":[]}]')])],
    ["the format before 1.10", encodeTar([file("repositories", "{}")])],
    ["an archive cut in the middle", legacyArchive(image).subarray(0, 2048 + 300)],
    ["a blob that is not what its name says", tampered((name, content) => (name === layerName ? content.replace("app", "bad") : content))],
    ["a layer that is not there", tampered((name, content) => (name === layerName ? undefined : content))],
    ["a diffID that is not the layer's", legacyArchive(testImage([base], ["x"], { diffIDs: [digestOf("other")] }))],
    ["more layers than diffIDs", legacyArchive(testImage([base, upper], ["x"], { diffIDs: [digestOf(base)] }))],
    ["a layer with a climbing name", legacyArchive(testImage([layerOf(file("a/../../x", ""))], ["x"]))],
    ["a layer with an absolute name", legacyArchive(testImage([layerOf(file("/etc/x", ""))], ["x"]))],
    ["a layer linking out", legacyArchive(testImage([layerOf({ kind: "hardLink", name: "a", linkName: "../../b" })], ["x"]))],
    ["a layer with a climbing whiteout", legacyArchive(testImage([layerOf(file("../.wh.x", ""))], ["x"]))],
    ["a layer that is cut", legacyArchive(testImage([Buffer.from(layerOf(file("a", "b".repeat(3000)))).subarray(0, 1500)], ["x"]))],
    ["an image for another system", legacyArchive(testImage([base], ["x"], { os: "windows" }))],
    ["a name that is none", legacyArchive(testImage([base], ["UPPER:1"]))],
    ["an index nested in itself without end", encodeTar([file("index.json", '{"manifests":[{"digest":"sha256:../../x","size":1}]}')])],
  ])("refuses %s and keeps nothing", async (_, archive) => {
    await using fixture = await imageFixture();
    await expect(load(fixture, archive)).rejects.toMatchObject({ kind: "InvalidParameter" });
    await expectNothingLeft(fixture);
  });

  test("two loads of the same archive at once make one image", async () => {
    await using fixture = await imageFixture();
    await Promise.all([load(fixture, legacyArchive(image)), load(fixture, legacyArchive(image))]);
    await fixture.snapshots.trashEmptied();
    expect(fixture.images.list({ filters: {} })).toHaveLength(1);
    expect(readdirSync(join(fixture.dir, "layers"))).toHaveLength(2);
    expect(existsSync(join(fixture.dir, "layers", String(fixture.images.resolve("web:1").layers[1]), "fs/bin/app"))).toBe(true);
  });
});

describe("a large layer", () => {
  const noise = new Uint8Array(5 * 1024 * 1024);
  for (let at = 0; at < noise.length; at += 65536) crypto.getRandomValues(noise.subarray(at, at + 65536));
  const large = layerOf(file("data/noise", noise), file("etc/name", "large"));
  const sixLarge = Array.from({ length: 6 }, (_, index) => layerOf(file(`data/${index}`, noise.subarray(index))));

  async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
    for (let at = 0; at < bytes.length; at += 100_000) yield bytes.subarray(at, at + 100_000);
  }

  test.each([["legacy", (made: typeof image) => legacyArchive(made)], ["OCI, gzip", (made: typeof image) => ociArchive(made, { pack: (bytes) => Bun.gzipSync(Buffer.from(bytes)), name: "docker.io/library/large:1" })]])("is unpacked while its archive arrives: %s", async (_, archiveOf) => {
    await using fixture = await imageFixture();
    const made = testImage([base, large], ["large:1"]);
    await fixture.images.load(inPieces(archiveOf(made)), () => {});
    const { layers } = fixture.images.resolve("large:1");
    expect(Buffer.from(fixture.snapshots.layerFiles(layers).readFile("/etc/name", 10) ?? []).toString()).toBe("large");
    expect(readdirSync(join(fixture.dir, "content/ingest"))).toEqual([]);
  });

  test("beside more of them than are unpacked at a time", async () => {
    await using fixture = await imageFixture();
    await fixture.images.load(inPieces(legacyArchive(testImage(sixLarge, ["large:6"]))), () => {});
    expect(fixture.images.resolve("large:6").layers).toHaveLength(6);
    await fixture.images.load(inPieces(legacyArchive(testImage(sixLarge, ["large:7"]))), () => {});
    expect(fixture.images.resolve("large:7").layers).toEqual(fixture.images.resolve("large:6").layers);
  });

  test("that is cut short, or is not what its name promises, leaves nothing", async () => {
    await using fixture = await imageFixture();
    const archive = ociArchive(testImage([large], ["large:1"]));
    await expect(fixture.images.load(inPieces(archive.subarray(0, 4_000_000)), () => {})).rejects.toThrow("it ends in the middle of an entry");
    const wrong = Uint8Array.from(archive);
    wrong[3_000_000] = (wrong[3_000_000] ?? 0) ^ 1;
    await expect(fixture.images.load(inPieces(wrong), () => {})).rejects.toThrow("does not match its digest");
    await expectNothingLeft(fixture);
  });
});
