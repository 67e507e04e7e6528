import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { applyChanges } from "../../src/image/mod.ts";
import { digestOf, file, layerOf, legacyArchive, testImage, type TestImage } from "./archives.ts";
import { bytesOf, imageFixture, type Fixture } from "./fixture.ts";

let fixture: Fixture;
beforeEach(async () => {
  fixture = await imageFixture();
});
afterEach(async () => await fixture[Symbol.asyncDispose]());

const load = (...images: TestImage[]) => fixture.images.load(bytesOf(legacyArchive(...images)), () => {});
const unused = () => [];
const base = layerOf(file("base", "12345"));
const image = testImage([base, layerOf(file("app", "123"))], ["web:1"], { process: { Cmd: ["sh"], Labels: { tier: "front" } }, created: "2024-05-06T07:08:09.5Z" });
const short = image.id.slice(7, 19);

describe("resolve()", () => {
  test("finds by name, default tag, id, short id and digest of any length", async () => {
    await load(image, testImage([base], ["plain"]));
    for (const ref of ["web:1", "docker.io/library/web:1", image.id, image.id.slice(7), short, image.id.slice(0, 20), `web@${image.id}`]) expect(fixture.images.resolve(ref).id).toBe(image.id);
    expect(fixture.images.resolve("plain").repoTags).toEqual(["plain:latest"]);
  });

  test.each([
    ["nosuch", "NotFound", "No such image: nosuch:latest"],
    ["example.org/a/b:2", "NotFound", "No such image: example.org/a/b:2"],
    ["0123", "NotFound", "No such image: 0123:latest"],
    [`sha256:${"a".repeat(64)}`, "NotFound", `No such image: sha256:${"a".repeat(64)}`],
    ["sha256:ab", "NotFound", "No such image: sha256:ab"],
    ["UPPER", "InvalidParameter", "invalid reference format: repository name (library/UPPER) must be lowercase"],
    ["../etc", "InvalidParameter", "invalid reference format"],
  ])("says %s as Docker does", (ref, kind, message) => {
    expect(() => fixture.images.resolve(ref)).toThrow(expect.objectContaining({ kind, message }));
  });
});

describe("inspect(), list(), history()", () => {
  test("have Docker's shapes", async () => {
    await load(image);
    expect(fixture.images.inspect("web:1")).toMatchObject({
      Id: image.id, RepoTags: ["web:1"], RepoDigests: [], Parent: "", Comment: "", Created: "2024-05-06T07:08:09.5Z", Architecture: "amd64", Os: "linux", Size: 8,
      Config: { Cmd: ["sh"], Entrypoint: null, Env: null, Labels: { tier: "front" }, OnBuild: null, User: "", Volumes: null, WorkingDir: "" } as never,
      RootFS: { Type: "layers", Layers: image.layers.map(digestOf) },
    });
    expect(fixture.images.list({ filters: {}, inUse: () => ["c1"] })).toEqual([
      { Containers: 1, Created: 1714979289, Id: image.id, Labels: { tier: "front" }, ParentId: "", RepoDigests: [], RepoTags: ["web:1"], SharedSize: -1, Size: 8 },
    ]);
    expect(fixture.images.history("web:1")).toEqual([
      { Comment: "", Created: 1714979289, CreatedBy: "step 1", Id: image.id, Size: 3, Tags: ["web:1"] },
      { Comment: "", Created: 1714979289, CreatedBy: "step 0", Id: "<missing>", Size: 5, Tags: null as never },
    ]);
  });

  test("filters by reference, label, time and before/since", async () => {
    const newer = testImage([base], ["example.org/team/api:2"], { created: "2025-01-01T00:00:00Z" });
    await load(image, newer);
    const ids = (filters: Record<string, string[]>) => fixture.images.list({ filters }).map(({ Id }) => Id as string);
    expect(ids({})).toEqual([newer.id, image.id]);
    expect(ids({ reference: ["web"] })).toEqual([image.id]);
    expect(ids({ reference: ["example.org/*/api:*"] })).toEqual([newer.id]);
    expect(ids({ reference: ["w?b:[0-9]"] })).toEqual([image.id]);
    expect(ids({ label: ["tier"] })).toEqual([image.id]);
    expect(ids({ label: ["tier=back"] })).toEqual([]);
    expect(ids({ before: ["example.org/team/api:2"] })).toEqual([image.id]);
    expect(ids({ since: ["web:1"] })).toEqual([newer.id]);
    expect(ids({ until: ["2024-12-01T00:00:00Z"] })).toEqual([image.id]);
    expect(() => ids({ nosuch: ["1"] })).toThrow("invalid filter 'nosuch'");
    expect(() => ids({ dangling: ["maybe"] })).toThrow("invalid filter 'dangling=[maybe]'");
  });
});

describe("tag() and remove()", () => {
  test("untags until the last name, then deletes with layers and blobs", async () => {
    await load(image);
    fixture.images.tag("web:1", "example.org/other");
    expect(await fixture.images.remove("web:1", { force: false, prune: true, inUse: unused })).toEqual([{ Untagged: "web:1" }]);
    const results = await fixture.images.remove("example.org/other:latest", { force: false, prune: true, inUse: unused });
    expect(results.slice(0, 2)).toEqual([{ Untagged: "example.org/other:latest" }, { Deleted: image.id }]);
    expect(results).toHaveLength(4);
    await fixture.snapshots.trashEmptied();
    expect([fixture.content.list(), readdirSync(join(fixture.dir, "layers"))]).toEqual([[], []]);
  });

  test("keeps layers and blobs that another image or a container uses", async () => {
    const other = testImage([base], ["other"]);
    await load(image, other);
    await fixture.snapshots.prepare("c", fixture.images.resolve("web:1").layers);
    await fixture.images.remove("web:1", { force: true, prune: true, inUse: () => ["c"] });
    expect(fixture.images.resolve("other").layers).toHaveLength(1);
    expect(fixture.content.has(digestOf(base))).toBe(true);
    expect(fixture.snapshots.files("c").readFile("app", 10)).toBeDefined();
  });

  test.each<[string, string, boolean, boolean, string]>([
    ["its one name, by a stopped container", "web:1", false, false, `conflict: unable to remove repository reference "web:1" (must force) - container 0123456789ab is using its referenced image ${short}`],
    ["its id, by a stopped container", image.id, false, false, `conflict: unable to delete ${short} (must be forced) - image is being used by stopped container 0123456789ab`],
    ["its id, by a running container, forced", short, true, true, `conflict: unable to delete ${short} (cannot be forced) - image is being used by running container 0123456789ab`],
  ])("refuses to remove an image in use: %s", async (_, ref, running, force, message) => {
    await load(image);
    const inUse = () => [{ id: "0123456789abcdef", running }];
    await expect(fixture.images.remove(ref, { force, prune: true, inUse })).rejects.toMatchObject({ kind: "Conflict", message });
    expect(fixture.images.resolve("web:1").id).toBe(image.id);
  });

  test("an id with several names must be forced", async () => {
    await load(image);
    fixture.images.tag("web:1", "web:2");
    await expect(fixture.images.remove(short, { force: false, prune: true, inUse: unused })).rejects.toMatchObject({ message: `conflict: unable to delete ${short} (must be forced) - image is referenced in multiple repositories` });
    const results = await fixture.images.remove(short, { force: true, prune: true, inUse: unused });
    expect(results.slice(0, 3)).toEqual([{ Untagged: "web:1" }, { Untagged: "web:2" }, { Deleted: image.id }]);
  });

  test("refuses names that are none", async () => {
    await load(image);
    expect(() => fixture.images.tag("web:1", "A:b")).toThrow("must be lowercase");
    expect(() => fixture.images.tag("web:1", `x@${image.id}`)).toThrow("refusing to create a tag with a digest reference");
    expect(() => fixture.images.tag("nosuch", "b")).toThrow("No such image: nosuch:latest");
  });
});

describe("prune()", () => {
  test("removes dangling images, or all that no container uses", async () => {
    const lost = testImage([layerOf(file("d", "1234567"))], []);
    await load(image, testImage([base, layerOf(file("x", "1"))], ["used"]), lost);
    const used = fixture.images.resolve("used").id;
    const inUse = (id: string) => (id === used ? ["c"] : []);
    const blobs = (await fixture.images.contentUse()).total;
    const dangling = await fixture.images.prune({}, inUse);
    // The file, and the blobs that it came in.
    expect(dangling.spaceReclaimed).toBe(7 + blobs - (await fixture.images.contentUse()).total);
    expect(dangling.deleted).toHaveLength(2);
    expect((await fixture.images.prune({ dangling: ["false"], "label!": ["tier=front"] }, inUse)).deleted).toEqual([]);
    const all = await fixture.images.prune({ dangling: ["false"], label: ["tier"] }, inUse);
    expect(all.deleted[0]).toEqual({ Untagged: "web:1" });
    expect(fixture.images.list({ filters: {} }).map(({ Id }) => Id as string)).toEqual([used]);
  });
});

describe("importTar()", () => {
  test("makes an image of one layer with the changes", async () => {
    const changes = ["CMD echo hi", 'ENV A=b C="d e"', "EXPOSE 80 443/udp", "LABEL a=b", "VOLUME /x /y", "HEALTHCHECK --interval=5s CMD true", "ONBUILD RUN x", "STOPSIGNAL SIGINT", 'ENTRYPOINT ["a","b"]', "WORKDIR /w", "USER u:g"];
    const { id } = await fixture.images.importTar(bytesOf(Bun.gzipSync(Buffer.from(base))), { ref: "root:1", message: "hello", changes });
    expect(fixture.images.inspect("root:1")).toMatchObject({
      Id: id, Comment: "hello", Size: 5, RootFS: { Layers: [digestOf(base)] },
      Config: {
        Cmd: ["/bin/sh", "-c", "echo hi"], Entrypoint: ["a", "b"], Env: ["A=b", "C=d e"], ExposedPorts: { "443/udp": {}, "80/tcp": {} }, Labels: { a: "b" }, OnBuild: ["RUN x"], StopSignal: "SIGINT",
        Healthcheck: { Interval: 5_000_000_000, Test: ["CMD-SHELL", "true"] }, User: "u:g", Volumes: { "/x": {}, "/y": {} }, WorkingDir: "/w",
      },
    });
    const { id: unnamed } = await fixture.images.importTar(bytesOf(base), {});
    expect(fixture.images.inspect(unnamed)).toMatchObject({ RepoTags: [], Comment: "Imported from -" });
    expect(fixture.images.resolve("root:1").layers).toEqual(fixture.images.resolve(unnamed).layers as number[]);
  });

  test.each([
    ["FOO bar", "FOO is not a valid change command"],
    ["RUN x", "RUN is not a valid change command"],
    ["USER", "USER requires exactly one argument"],
    ["ENV A=${B:?no}", 'failed to process "${B:?no}": B: no'],
    ["EXPOSE 99999", "invalid containerPort: 99999"],
    ["ONBUILD ONBUILD x", "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"],
    ["ENV lonely", "ENV must have two arguments"],
  ])("refuses the change %s in Docker's words, before it stores anything", async (change, message) => {
    await expect(fixture.images.importTar(bytesOf(base), { changes: [change] })).rejects.toMatchObject({ kind: "InvalidParameter", message });
    expect(fixture.content.list()).toEqual([]);
  });

  test("keeps nothing of an archive that is none", async () => {
    await expect(fixture.images.importTar(bytesOf(Buffer.from("garbage ".repeat(100))), { ref: "x" })).rejects.toMatchObject({ kind: "InvalidParameter" });
    await expect(fixture.images.importTar(bytesOf(base.subarray(0, 600)), { ref: "x" })).rejects.toMatchObject({ kind: "InvalidParameter" });
    await fixture.snapshots.trashEmptied();
    expect([fixture.content.list(), readdirSync(join(fixture.dir, "layers"))]).toEqual([[], []]);
  });
});

test("applyChanges() keeps what was there and replaces by key", () => {
  const config = { Env: ["PATH=/bin", "A=1"], Labels: { a: "1" }, WorkingDir: "/w" };
  expect(applyChanges(config, ["ENV A=2", "env B the rest of it", 'LABEL b="x y" c=z', "WORKDIR sub/../dir", 'VOLUME ["/v w"]', "HEALTHCHECK NONE", "EXPOSE 8000-8002"])).toEqual({
    Env: ["PATH=/bin", "A=2", "B=the rest of it"], Labels: { a: "1", b: "x y", c: "z" }, WorkingDir: "/w/dir", Volumes: { "/v w": {} }, Healthcheck: { Test: ["NONE"] },
    ExposedPorts: { "8000/tcp": {}, "8001/tcp": {}, "8002/tcp": {} },
  });
});

test("addEmbedded() makes the same image each time, once", async () => {
  const files = [{ path: "bin/hello", content: Buffer.from("#!program") }];
  const { id } = await fixture.images.addEmbedded("hako/hello", files, { Entrypoint: ["/bin/hello"] });
  expect(await fixture.images.addEmbedded("hako/hello", files, { Entrypoint: ["/bin/hello"] })).toEqual({ id });
  const { layers } = fixture.images.resolve("hako/hello");
  expect(layers).toHaveLength(1);
  expect(statSync(join(fixture.dir, "layers", String(layers[0]), "fs/bin/hello")).mode & 0o7777).toBe(0o755);
});
