/**
 * Two servers on one bucket of an object storage that others have made: set S3_PEER to http://key:secret@host:port/bucket. What is checked is
 * that the storage understands us; what it owes us is in storage.test.ts.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { loadRegistryServer } from "../../src/registry/mod.ts";
import { sha256Hex, signed } from "../../src/registry/storage/s3/sign.ts";
import { digestOf, noise, startRegistry, type TestRegistry } from "./serving.ts";

const { collectGarbage, ObjectStorage } = await loadRegistryServer();
const MIB = 1024 * 1024;
const peer = process.env["S3_PEER"];

// Without a storage of another make there is nothing to ask.
describe.skipIf(peer === undefined)("on an object storage of another make", () => {
  const { origin, pathname, username, password } = new URL(peer ?? "http://key:secret@127.0.0.1/bucket");
  const credentials = { accessKeyId: username, secretAccessKey: password };
  const storage = (redirect = false) => new ObjectStorage({ endpoint: origin, region: "us-east-1", bucket: pathname.slice(1), prefix: `test-${process.pid}/`, credentials }, redirect);
  let one: TestRegistry;
  let other: TestRegistry;
  beforeAll(async () => {
    const url = new URL(origin + pathname);
    await fetch(url, { method: "PUT", headers: signed({ method: "PUT", url, headers: {}, payload: sha256Hex("") }, { credentials, region: "us-east-1", now: new Date() }) });
    one = startRegistry({ storage: storage(), graceMs: 0 });
    other = startRegistry({ storage: storage(), graceMs: 0 });
  });
  afterAll(async () => {
    await one[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
  });

  test("an image that one server took, the other serves", async () => {
    const digest = await one.pushImage("team/app", "v1");
    const manifest = await other.send("GET", "team/app/manifests/v1");
    expect(manifest.headers.get("docker-content-digest")).toBe(digest);
    const { layers } = (await manifest.json()) as { layers: { digest: string }[] };
    expect(digestOf(new Uint8Array(await (await other.send("GET", `team/app/blobs/${layers[0]?.digest}`)).arrayBuffer()))).toBe(layers[0]?.digest ?? "");
    expect(await (await other.send("GET", "_catalog")).json()).toEqual({ repositories: ["team/app"] });
    expect(await (await other.send("GET", "team/app/tags/list")).json()).toEqual({ name: "team/app", tags: ["v1"] });
  });

  test("a large blob comes in parts, at one server and the other", async () => {
    const blob = noise(21 * MIB);
    let location = await one.startUpload("team/app");
    for (const [registry, from, to] of [[one, 0, 9], [other, 9, 18]] as const) {
      const response = await registry.send("PATCH", location, { body: blob.slice(from * MIB, to * MIB), headers: { "Content-Range": `${from * MIB}-${to * MIB - 1}` } });
      expect([response.status, response.headers.get("range")]).toEqual([202, `0-${to * MIB - 1}`]);
      location = response.headers.get("location") ?? "";
    }
    expect((await one.send("PUT", `${location}?digest=${digestOf(blob)}`, { body: blob.slice(18 * MIB) })).status).toBe(201);
    expect(digestOf(new Uint8Array(await (await other.send("GET", `team/app/blobs/${digestOf(blob)}`)).arrayBuffer()))).toBe(digestOf(blob));
  });

  test("a wrong digest and a cancelled upload leave nothing", async () => {
    const blob = noise(9 * MIB);
    expect((await one.refused("PUT", `${await one.startUpload("team/app")}?digest=${digestOf("other")}`, { body: blob })).code).toBe("DIGEST_INVALID");
    const location = await one.startUpload("team/app");
    await one.send("PATCH", location, { body: blob });
    expect((await other.send("DELETE", location)).status).toBe(204);
    expect((await one.send("GET", location)).status).toBe(404);
  });

  test("clients may be sent to it", async () => {
    await using redirecting = startRegistry({ storage: storage(true) });
    const blob = await redirecting.pushBlob("team/app", "redirected");
    const response = await redirecting.send("GET", `team/app/blobs/${blob}`);
    expect(await (await fetch(response.headers.get("location") ?? "")).text()).toBe("redirected");
  });

  test("what was deleted is collected, the rest stays", async () => {
    const [gone, kept] = [await one.pushImage("gone", "v1"), await one.pushImage("kept", "v1")];
    expect((await other.send("DELETE", `gone/manifests/${gone}`)).status).toBe(202);
    // The storage tells the age of an object in whole seconds.
    await Bun.sleep(1100);
    const collected = await collectGarbage(one.registry.repositories, { untagged: false, uploadMs: 1 }, () => undefined);
    expect(collected.blobs).toBeGreaterThan(0);
    expect((await other.send("GET", `kept/manifests/${kept}`)).status).toBe(200);
    expect((await other.send("GET", `gone/manifests/${gone}`)).status).toBe(404);
  }, 120_000);
});
