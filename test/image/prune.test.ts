import { expect, test } from "bun:test";
import type { Digest } from "../../src/spec/mod.ts";
import { digestOf, file, layerOf, legacyArchive, testImage } from "./archives.ts";
import { bytesOf, imageFixture } from "./fixture.ts";

const old = testImage([layerOf(file("old", "o"))], ["old:1"], { created: "2020-01-01T00:00:00Z" });
const fresh = testImage([layerOf(file("new", "n"))], ["new:1"], { created: "2026-01-01T00:00:00Z" });
const ALL = { dangling: ["false"] };
const nobody = (): [] => [];

test("image prune by last use keeps what came, or was used, since then", async () => {
  await using fixture = await imageFixture();
  await fixture.images.load(bytesOf(legacyArchive(old, fresh)), () => {});
  const names = (): string[] => fixture.images.list({ filters: {} }).flatMap(({ RepoTags }) => RepoTags ?? []).sort();
  const ago = (days: number): number => Date.now() - days * 86_400_000;
  const usedAt = (id: string, ms: number | null): void => void fixture.db.query("UPDATE images SET last_used_ms = ? WHERE id = ?").run(ms, id);
  await fixture.images.prune({ ...ALL, "unused-for": ["1h"] }, nobody);
  expect(names()).toEqual(["new:1", "old:1"]);
  usedAt(old.id, ago(30));
  usedAt(fresh.id, null);
  await fixture.images.prune({ ...ALL, "unused-for": ["1000h"] }, nobody);
  expect(names()).toEqual(["new:1", "old:1"]);
  fixture.images.noteUse(old.id);
  await fixture.images.prune({ ...ALL, "unused-for": ["24h"] }, nobody);
  expect(names()).toEqual(["new:1", "old:1"]);
  usedAt(old.id, ago(30));
  await fixture.images.prune({ ...ALL, "unused-for": ["24h"] }, (id) => (id === old.id ? ["c"] : []));
  expect(names()).toEqual(["new:1", "old:1"]);
  await fixture.images.prune({ ...ALL, "unused-for": ["24h"] }, nobody);
  expect(names()).toEqual(["new:1"]);
  await expect(fixture.images.prune({ until: ["1h", "2h"] }, nobody)).rejects.toThrow("more than one until filter specified");
});

test("disk use counts every blob once, and downloads that were cut; prune removes those", async () => {
  await using fixture = await imageFixture();
  const base = layerOf(file("base", "b".repeat(5000)));
  await fixture.images.load(bytesOf(legacyArchive(testImage([base], ["one:1"]), testImage([base, layerOf(file("own", "o"))], ["two:1"]))), () => {});
  const blobs = fixture.content.list().reduce((sum, digest) => sum + (fixture.content.size(digest) ?? 0), 0);
  const partial = await fixture.content.partial(digestOf("not all of it") as Digest);
  await partial.write(new Uint8Array(1000));
  await partial.flush();
  const use = await fixture.images.contentUse();
  expect(use.total).toBe(blobs + 1000);
  const [one, two] = ["one:1", "two:1"].map((name) => use.ofImage(fixture.images.resolve(name).id));
  expect([one?.shared, two?.shared]).toEqual([base.length, base.length]);
  expect((one?.bytes ?? 0) + (two?.bytes ?? 0) - base.length).toBe(blobs);
  // Somebody goes on with it.
  expect((await fixture.images.prune({}, nobody)).spaceReclaimed).toBe(0);
  await partial[Symbol.asyncDispose]();
  expect((await fixture.images.prune({ until: ["1h"] }, nobody)).spaceReclaimed).toBe(0);
  expect((await fixture.images.prune({ label: ["a"] }, nobody)).spaceReclaimed).toBe(0);
  expect((await fixture.images.prune({}, nobody)).spaceReclaimed).toBe(1000);
  expect((await fixture.images.contentUse()).total).toBe(blobs);
});

test("loads, removals and prunes at the same time lose no image that has a name, and leave nothing of those without", async () => {
  await using fixture = await imageFixture();
  const images = Array.from({ length: 12 }, (_, index) => testImage([layerOf(file("base", "shared")), layerOf(file(`own/${index}`, "x".repeat(3000)))], [`many:${index}`, `kept:${index}`]));
  const load = (): Promise<void>[] => images.map((image) => fixture.images.load(bytesOf(legacyArchive(image)), () => {}));
  const remove = (name: string): Promise<unknown> => fixture.images.remove(name, { force: true, prune: true, inUse: nobody }).catch((error: Error) => expect(error.message).toContain("No such image"));
  for (let round = 0; round < 3; round++) {
    await Promise.all([...load(), ...images.map((_, index) => remove(`many:${index}`)), fixture.images.prune({}, nobody), ...load(), fixture.images.prune({}, nobody)]);
    for (const [index, { id }] of images.entries()) {
      const found = fixture.images.resolve(`kept:${index}`);
      expect(found.id).toBe(id);
      expect(found.manifest.layers.every(({ digest }) => fixture.content.has(digest))).toBe(true);
      expect(fixture.snapshots.layerFiles(found.layers).readFile(`/own/${index}`, 5000)?.length).toBe(3000);
    }
  }
  await Promise.all(images.flatMap((_, index) => [remove(`many:${index}`), remove(`kept:${index}`)]));
  await fixture.images.prune(ALL, nobody);
  await fixture.images.settled();
  await fixture.snapshots.trashEmptied();
  expect(fixture.images.list({ all: true, filters: {} })).toEqual([]);
  expect(fixture.content.list()).toEqual([]);
});
