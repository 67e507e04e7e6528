/** Damage on the disk: found, named, mended where that can be done. */
import { expect, test } from "bun:test";
import { rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CheckSummary, Finding } from "../../src/image/check.ts";
import { openRegistryClient } from "../../src/registry/mod.ts";
import { parseReference } from "../../src/spec/mod.ts";
import { digestOf, file, layerOf, legacyArchive, testImage } from "./archives.ts";
import { bytesOf, imageFixture, type Fixture } from "./fixture.ts";
import { MemoryRegistry, PATIENCE } from "./memory-registry.ts";

const base = layerOf(file("etc/os", "base"));
const upper = layerOf(file("bin/app", "app"));
const image = testImage([base, upper], ["web:1"]);

async function loaded(): Promise<Fixture> {
  const fixture = await imageFixture();
  await fixture.images.load(bytesOf(legacyArchive(image)), () => {});
  return fixture;
}

async function check(fixture: Fixture, options: { repair?: boolean; inUse?: number } = {}): Promise<{ findings: Finding[]; summary: CheckSummary }> {
  const messages = fixture.images.check({ repair: options.repair ?? true, layerInUse: (n) => n === options.inUse, signal: new AbortController().signal });
  const findings: Finding[] = [];
  for (let next = await messages.next(); ; next = await messages.next()) {
    if (next.done) return { findings, summary: next.value };
    findings.push(next.value);
  }
}

const fileOf = (fixture: Fixture, layer: number, path: string): string => join(fixture.dir, "layers", String(layer), "fs", path);

test("a sound store is found sound, also folders that no archive named, whenever they were made", async () => {
  await using fixture = await loaded();
  const [bottom = 0] = fixture.images.resolve("web:1").layers;
  utimesSync(fileOf(fixture, bottom, "etc"), 1, 1);
  expect(await check(fixture)).toEqual({ findings: [], summary: { blobs: 4, bytes: expect.any(Number), layers: 2, damaged: 0, mended: 0 } });
});

test("a damaged blob is named with its image and removed; loading the image again brings it back", async () => {
  await using fixture = await loaded();
  writeFileSync(fixture.content.path(digestOf(upper)), "damaged");
  const finding = { kind: "blob", digest: digestOf(upper), images: ["web:1"], problem: "its bytes are not what its digest says" };
  expect((await check(fixture, { repair: false })).findings).toEqual([{ ...finding, mended: undefined, remedy: "load or pull web:1 again: only what is missing is fetched" }] as Finding[]);
  expect((await check(fixture)).findings).toMatchObject([{ ...finding, mended: "removed" }]);
  expect((await check(fixture)).findings).toMatchObject([{ problem: "it is missing" }]);
  await fixture.images.load(bytesOf(legacyArchive(image)), () => {});
  expect((await check(fixture)).summary).toMatchObject({ damaged: 0 });
});

test("a changed layer is unpacked again, unless a container runs on it", async () => {
  await using fixture = await loaded();
  const [bottom = 0, top = 0] = fixture.images.resolve("web:1").layers;
  writeFileSync(fileOf(fixture, top, "bin/app"), "evil");
  rmSync(fileOf(fixture, bottom, "etc/os"));
  expect(await check(fixture, { inUse: top })).toMatchObject({ findings: [{ images: ["web:1"], problem: "its files have changed", mended: "unpacked again" }, { remedy: "stop the containers that run on it, then run the check again" }], summary: { damaged: 2, mended: 1 } });
  expect(await check(fixture)).toMatchObject({ summary: { damaged: 1, mended: 1 } });
  const files = fixture.snapshots.layerFiles(fixture.images.resolve("web:1").layers);
  expect(["/etc/os", "/bin/app"].map((path) => Buffer.from(files.readFile(path, 100) ?? []).toString())).toEqual(["base", "app"]);
  expect((await check(fixture)).summary.damaged).toBe(0);
});

test("a damaged manifest stops nothing", async () => {
  await using first = await loaded();
  const manifest = first.content.list().find((digest) => ![image.id, digestOf(base), digestOf(upper)].includes(digest));
  writeFileSync(first.content.path(manifest ?? image.id), "{}");
  await using fixture = await first.reopen();
  expect((await check(fixture)).findings).toMatchObject([{ kind: "blob", digest: manifest as string }]);
});

test("what a check has removed of a pulled image is fetched again at the next pull, and nothing else", async () => {
  await using registry = new MemoryRegistry();
  await using fixture = await imageFixture();
  const pack = (layer: Uint8Array): Uint8Array => Bun.gzipSync(new Uint8Array(layer));
  registry.add("app", "1", image, pack, "application/vnd.oci.image.layer.v1.tar+gzip");
  const reference = parseReference(`${registry.host}/app:1`);
  const pull = (): Promise<unknown> => fixture.images.pull({ reference, repository: openRegistryClient({ userAgent: "test", limits: PATIENCE }).repository(reference), signal: new AbortController().signal }, () => {});
  await pull();
  writeFileSync(fixture.content.path(digestOf(pack(upper))), "damaged");
  expect((await check(fixture)).findings).toMatchObject([{ images: [`${registry.host}/app:1`], mended: "removed", remedy: `pull ${registry.host}/app:1 again: only what is missing is fetched` }]);
  await pull();
  expect((await check(fixture)).summary).toMatchObject({ damaged: 0, blobs: 4 });
});
