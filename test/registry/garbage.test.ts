/** Garbage collection beside pushes, pulls and other collections: what is relied on stays, what nothing leads to goes. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { loadRegistryServer } from "../../src/registry/mod.ts";
import { until } from "../until.ts";
import { digestOf, INDEX, MANIFEST, noise, startRegistry, type TestRegistry } from "./serving.ts";

const { collectGarbage, collectRegularly, FileSystemStorage, Leases, Metrics, Repositories } = await loadRegistryServer();
const WEEK_MS = 7 * 24 * 3_600_000;
let registry: TestRegistry;

beforeEach(() => {
  registry = startRegistry();
});
afterEach(() => registry[Symbol.asyncDispose]());

const collect = (policy: { untagged?: boolean; uploadMs?: number } = {}) =>
  collectGarbage(registry.registry.repositories, { untagged: false, uploadMs: WEEK_MS, ...policy }, (sentence) => {
    throw new Error(sentence);
  });

/** Everything in the storage becomes older than any grace. */
function age(folder = registry.root): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) if (entry.isFile()) utimesSync(join(entry.parentPath, entry.name), 1, 1);
}

const has = async (path: string): Promise<boolean> => (await registry.send("HEAD", path)).ok;
const blobFile = (digest: string): string => join(registry.root, "blobs/sha256", digest.slice(7, 9), digest.slice(7));

describe("collectGarbage()", () => {
  test("of untagged manifests keeps what is about something that is about a tagged one, in whatever order they lie", async () => {
    let subject = await registry.pushImage("gc/app", "v1");
    const chain: string[] = [];
    for (let i = 0; i < 6; i++) {
      const { length } = await (await registry.send("GET", `gc/app/manifests/${subject}`)).text();
      subject = await registry.pushImage("gc/app", undefined, { subject: { mediaType: MANIFEST, digest: subject, size: length } });
      chain.push(subject);
    }
    age();
    expect(await collect({ untagged: true })).toMatchObject({ manifests: 0 });
    for (const digest of chain) expect(await has(`gc/app/manifests/${digest}`)).toBe(true);
  });

  test("removes blobs that no manifest has, and keeps the others", async () => {
    const lost = await registry.pushBlob("gc/app", noise(5000));
    const image = await registry.pushImage("gc/app", "v1");
    age();
    expect(await collect()).toMatchObject({ links: 1, blobs: 1, freedBytes: 5000, manifests: 0 });
    expect(existsSync(blobFile(lost))).toBe(false);
    expect(await has(`gc/app/manifests/${image}`)).toBe(true);
    const { layers } = (await (await registry.send("GET", "gc/app/manifests/v1")).json()) as { layers: { digest: string }[] };
    for (const { digest } of layers) expect(await has(`gc/app/blobs/${digest}`)).toBe(true);
  });

  test("leaves alone what is young", async () => {
    await registry.pushBlob("gc/app", "just pushed");
    expect(await collect()).toMatchObject({ links: 0, blobs: 0 });
  });

  test("leaves alone what a push has just asked for", async () => {
    const blob = await registry.pushBlob("gc/app", "asked for");
    age();
    expect(await has(`gc/app/blobs/${blob}`)).toBe(true); // the client now skips its upload
    expect(await collect()).toMatchObject({ links: 0, blobs: 0 });
  });

  test("leaves alone what was mounted elsewhere, also when its first repository is deleted", async () => {
    const blob = await registry.pushBlob("gc/one", "mounted");
    age();
    await registry.send("POST", `gc/two/blobs/uploads/?mount=${blob}&from=gc/one`);
    await registry.send("DELETE", `gc/one/blobs/${blob}`);
    await collect();
    expect(await has(`gc/two/blobs/${blob}`)).toBe(true);
  });

  test("frees the layers of a deleted image, but not those that another image shares", async () => {
    const shared = await registry.image("gc/app");
    await registry.putManifest("gc/app", "keep", shared);
    const other = await registry.image("gc/app");
    const text = JSON.stringify({ ...shared, config: other["config"] });
    await registry.putManifest("gc/app", "drop", text);
    await registry.send("DELETE", `gc/app/manifests/${digestOf(text)}`);
    age();
    await collect();
    for (const { digest } of shared["layers"] as { digest: string }[]) expect(await has(`gc/app/blobs/${digest}`)).toBe(true);
    expect(await has(`gc/app/blobs/${(other["config"] as { digest: string }).digest}`)).toBe(false);
  });

  test("keeps untagged manifests unless told otherwise, and then those that an index, a tag or a subject leads to", async () => {
    const child = await registry.pushImage("gc/app");
    const size = (await (await registry.send("GET", `gc/app/manifests/${child}`)).arrayBuffer()).byteLength;
    await registry.putManifest("gc/app", "index", { schemaVersion: 2, mediaType: INDEX, manifests: [{ mediaType: MANIFEST, digest: child, size }] }, INDEX);
    const index = (await registry.send("HEAD", "gc/app/manifests/index")).headers.get("docker-content-digest") ?? "";
    const signature = await registry.pushImage("gc/app", undefined, { subject: { mediaType: INDEX, digest: index, size: 1 } });
    const loose = await registry.pushImage("gc/app");
    age();
    expect(await collect()).toMatchObject({ manifests: 0 });
    expect(await collect({ untagged: true })).toMatchObject({ manifests: 1 });
    for (const digest of [child, index, signature]) expect(await has(`gc/app/manifests/${digest}`)).toBe(true);
    expect(await has(`gc/app/manifests/${loose}`)).toBe(false);
  });

  test("gives up uploads that nobody goes on with, and repositories in which nothing is left", async () => {
    await registry.startUpload("gc/given-up");
    const blob = await registry.pushBlob("gc/given-up", "lost");
    age();
    expect(await collect()).toMatchObject({ uploads: 1, links: 1, blobs: 1 });
    expect(await registry.refused("GET", "gc/given-up/tags/list")).toMatchObject({ code: "NAME_UNKNOWN" });
    expect(existsSync(blobFile(blob))).toBe(false);
  });

  test("collects nothing of a repository with a manifest that it cannot read", async () => {
    await registry.pushBlob("gc/broken", "who knows");
    const image = await registry.pushImage("gc/broken", "v1");
    await Bun.write(join(registry.root, "repositories/gc/broken/_manifests", image.slice(7)), "damaged\n{");
    age();
    const said: string[] = [];
    await collectGarbage(registry.registry.repositories, { untagged: true, uploadMs: WEEK_MS }, (sentence) => void said.push(sentence));
    expect(said).toEqual([expect.stringContaining("nothing of repository gc/broken is collected")]);
    expect(await has(`gc/broken/blobs/${digestOf("who knows")}`)).toBe(true);
  });

  test("beside pushes that reuse old blobs: every image that was acknowledged is whole", async () => {
    for (let round = 0; round < 8; round++) {
      const name = `gc/busy${round}`;
      const blobs = Array.from({ length: 12 }, (_, i) => `old content ${round} ${i}`);
      for (const blob of [...blobs, "{}"]) await registry.pushBlob(name, blob);
      age();
      const pushes = Promise.all(blobs.map((blob, i) => pushReusing(name, `t${i}`, [blob, blobs[(i + 5) % blobs.length] ?? ""])));
      await Promise.all([pushes, collect(), collect()]);
      await collect();
      const digests = (await pushes).flat();
      for (const path of [...digests.map((digest) => `${name}/blobs/${digest}`), ...blobs.map((_, i) => `${name}/manifests/t${i}`)]) expect([path, await has(path)]).toEqual([path, true]);
    }
  });
});

/** As clients push: what the registry says it has is not sent again. @returns the blobs' digests */
async function pushReusing(name: string, tag: string, texts: readonly string[]): Promise<string[]> {
  const described = [];
  for (const text of ["{}", ...texts]) {
    const digest = digestOf(text);
    if (!(await has(`${name}/blobs/${digest}`))) await registry.pushBlob(name, text);
    described.push({ mediaType: "application/x.content", digest, size: text.length });
  }
  const [config, ...layers] = described;
  expect((await registry.putManifest(name, tag, { schemaVersion: 2, mediaType: MANIFEST, config, layers })).status).toBe(201);
  return described.map(({ digest }) => digest);
}

describe("collectRegularly()", () => {
  test("that is stopped during a collection begins no other", async () => {
    let begun = 0;
    const goOn = Promise.withResolvers<void>();
    class Slow extends FileSystemStorage {
      override async *list(key: string): AsyncGenerator<string, void, void> {
        if (key === "names") {
          begun++;
          await goOn.promise;
        }
        yield* super.list(key);
      }
    }
    const storage = new Slow(registry.root);
    const metrics = new Metrics();
    const report = (sentence: string): void => void registry.faults.push(sentence);
    const timer = collectRegularly(new Repositories(storage, new Leases(storage, WEEK_MS), 1000), { intervalMs: 1, uploadMs: WEEK_MS, untagged: false, metrics, report });
    await until(() => begun === 1);
    timer[Symbol.dispose]();
    goOn.resolve();
    await until(() => metrics.text().includes("gc_runs_total 1"));
    for (let round = 0; round < 20; round++) await collect();
    expect(begun).toBe(1);
  });
});
