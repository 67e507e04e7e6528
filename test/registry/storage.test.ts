/** What every storage owes a registry: one suite, run on each of them, always with two servers on one storage. */
import { afterAll, afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdirSync, rmSync, readdirSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { loadRegistryServer } from "../../src/registry/mod.ts";
import { presigned, sha256Hex, signed, UNSIGNED } from "../../src/registry/storage/s3/sign.ts";
import { parseDigest } from "../../src/spec/mod.ts";
import { scratchFolder } from "../scratch.ts";
import { ObjectStorageStub } from "./object-storage-stub.ts";
import { digestOf, MANIFEST, noise, startRegistry, type TestRegistry } from "./serving.ts";

const { collectGarbage, FileSystemStorage, ObjectStorage } = await loadRegistryServer();
const MIB = 1024 * 1024;

interface Kind {
  readonly name: string;
  readonly open: () => { two: [TestRegistry, TestRegistry]; age: () => void; close: () => void };
}

const fileSystem: Kind = {
  name: "file system",
  open: () => {
    const root = scratchFolder();
    const age = (): void => readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).forEach((entry) => utimesSync(join(entry.parentPath, entry.name), 1, 1));
    return { two: [startRegistry({ storage: new FileSystemStorage(root) }), startRegistry({ storage: new FileSystemStorage(root) })], age, close: () => rmSync(root, { recursive: true }) };
  },
};

const stubs = new Set<ObjectStorageStub>();
afterAll(() => stubs.forEach((stub) => stub[Symbol.dispose]()));

function openStub(limits: { answerMs?: number; stallMs?: number } = {}): { stub: ObjectStorageStub; storage: (redirect?: boolean) => InstanceType<typeof ObjectStorage> } {
  const stub = new ObjectStorageStub();
  stubs.add(stub);
  const options = { endpoint: stub.url, region: "us-east-1", bucket: stub.bucket, prefix: "registry/", credentials: { accessKeyId: "key", secretAccessKey: "secret" }, limits };
  return { stub, storage: (redirect) => new ObjectStorage(options, redirect) };
}

const objects: Kind = {
  name: "object storage",
  open: () => {
    const { stub, storage } = openStub();
    return { two: [startRegistry({ storage: storage() }), startRegistry({ storage: storage() })], age: () => stub.age(), close: () => stub[Symbol.dispose]() };
  },
};

describe.each([fileSystem, objects])("$name", ({ open }) => {
  let opened: ReturnType<Kind["open"]>;
  let one: TestRegistry;
  let other: TestRegistry;
  beforeEach(() => {
    opened = open();
    [one, other] = opened.two;
  });
  afterEach(async () => {
    await one[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
    opened.close();
  });

  const bytesOf = async (registry: TestRegistry, path: string): Promise<Uint8Array> => new Uint8Array(await (await registry.send("GET", path)).arrayBuffer());

  test("what one server was given, the other serves at once", async () => {
    const image = await one.pushImage("team/app", "v1");
    expect(digestOf(await bytesOf(other, "team/app/manifests/v1"))).toBe(image);
    const { layers } = JSON.parse(new TextDecoder().decode(await bytesOf(other, "team/app/manifests/v1"))) as { layers: { digest: string }[] };
    for (const { digest } of layers) expect(digestOf(await bytesOf(other, `team/app/blobs/${digest}`))).toBe(digest);
    expect(await (await other.send("GET", "team/app/tags/list")).json()).toEqual({ name: "team/app", tags: ["v1"] });
    const moved = await other.pushImage("team/app", "v1");
    expect(digestOf(await bytesOf(one, "team/app/manifests/v1"))).toBe(moved);
    await one.send("DELETE", "team/app/manifests/v1");
    expect((await other.send("HEAD", "team/app/manifests/v1")).status).toBe(404);
  });

  test("an upload goes on at the other server, where it stopped", async () => {
    const bytes = noise(20 * MIB);
    const location = await one.startUpload("team/app");
    const cuts = [0, 3 * MIB, 3 * MIB + 10, 12 * MIB, 20 * MIB];
    for (const [i, start] of cuts.slice(0, -1).entries()) {
      const response = await (i % 2 ? other : one).send("PATCH", location, { body: bytes.slice(start, cuts[i + 1]), headers: { "Content-Range": `${start}-${(cuts[i + 1] ?? 0) - 1}` } });
      expect([response.status, response.headers.get("range")]).toEqual([202, `0-${(cuts[i + 1] ?? 0) - 1}`]);
    }
    expect((await one.send("GET", location)).headers.get("range")).toBe(`0-${20 * MIB - 1}`);
    expect((await other.send("PUT", `${location}?digest=${digestOf(bytes)}`)).status).toBe(201);
    expect(digestOf(await bytesOf(one, `team/app/blobs/${digestOf(bytes)}`))).toBe(digestOf(bytes));
    expect(await bytesOf(one, `team/app/blobs/${digestOf(bytes)}`).then((all) => all.length)).toBe(20 * MIB);
    const range = await one.send("GET", `team/app/blobs/${digestOf(bytes)}`, { headers: { Range: `bytes=${9 * MIB}-${9 * MIB + 99}` } });
    expect(new Uint8Array(await range.arrayBuffer())).toEqual(bytes.slice(9 * MIB, 9 * MIB + 100));
    expect((await one.send("GET", location)).status).toBe(404);
  });

  test("a wrong digest leaves nothing, whoever saw the bytes", async () => {
    const location = await one.startUpload("team/app");
    await one.send("PATCH", location, { body: noise(9 * MIB) });
    expect(await other.refused("PUT", `${location}?digest=${digestOf("absent")}`)).toMatchObject({ code: "DIGEST_INVALID" });
    expect((await one.send("GET", location)).status).toBe(404);
    expect((await one.send("HEAD", `team/app/blobs/${digestOf("absent")}`)).status).toBe(404);
  });

  test("mounts, referrers, catalog and deletes", async () => {
    const blob = await one.pushBlob("a", "content");
    expect((await other.send("POST", `b/blobs/uploads/?mount=${blob}&from=a`)).status).toBe(201);
    const subject = await one.pushImage("a", "v1");
    await other.pushImage("a", undefined, { subject: { mediaType: MANIFEST, digest: subject, size: 1 } });
    expect(((await (await one.send("GET", `a/referrers/${subject}`)).json()) as { manifests: unknown[] }).manifests).toHaveLength(1);
    for (const name of ["c/d", "c-d", "c"]) await one.pushBlob(name, "content");
    expect(await (await other.send("GET", "_catalog")).json()).toEqual({ repositories: ["a", "b", "c", "c-d", "c/d"] });
    expect((await other.send("DELETE", `b/blobs/${blob}`)).status).toBe(202);
    expect((await one.send("HEAD", `b/blobs/${blob}`)).status).toBe(404);
  });

  test("garbage goes, the rest stays", async () => {
    const lost = await one.pushBlob("team/app", noise(9 * MIB));
    const image = await one.pushImage("team/app", "v1");
    await one.startUpload("team/gone");
    opened.age();
    const report = await collectGarbage(other.registry.repositories, { untagged: false, uploadMs: 1 }, () => undefined);
    expect(report).toMatchObject({ links: 1, blobs: 1, uploads: 1, freedBytes: 9 * MIB });
    expect((await one.send("HEAD", `team/app/blobs/${lost}`)).status).toBe(404);
    expect(digestOf(await bytesOf(one, "team/app/manifests/v1"))).toBe(image);
  });

  test("what a push relies on is spared", async () => {
    const blob = await one.pushBlob("team/app", "relied on");
    opened.age();
    expect((await one.send("HEAD", `team/app/blobs/${blob}`)).status).toBe(200);
    expect(await collectGarbage(other.registry.repositories, { untagged: false, uploadMs: 1 }, () => undefined)).toMatchObject({ links: 0, blobs: 0 });
  });
});

test("a file system leaves nothing of what it could not write", async () => {
  const root = scratchFolder();
  const storage = new FileSystemStorage(root);
  mkdirSync(join(root, "key", "in the way"), { recursive: true });
  await expect(storage.write("key", noise(10))).rejects.toThrow();
  expect(readdirSync(join(root, "tmp"))).toEqual([]);
  rmSync(root, { recursive: true });
});

describe("an object storage", () => {
  test("that is busy for a moment is asked again", async () => {
    const { stub, storage } = openStub();
    await using registry = startRegistry({ storage: storage() });
    stub.failNext(2);
    expect(await registry.pushImage("a", "v1")).toStartWith("sha256:");
  });

  test("that fails for good in the middle of an upload: what is sent again is taken for what it is", async () => {
    const { stub, storage } = openStub();
    const own = storage();
    await own.uploads.create("upload");
    const bytes = noise(1000);
    const send = async (): Promise<void> => {
      await using upload = await own.uploads.open("upload");
      await upload?.write(bytes.slice());
      // Every attempt to write down how far it came.
      stub.failNext(4);
      await upload?.[Symbol.asyncDispose]();
    };
    await expect(send()).rejects.toThrow("SlowDown");
    const again = await own.uploads.open("upload");
    expect(again?.offset).toBe(0);
    await again?.write(bytes.slice());
    await again?.commit("blob", parseDigest(digestOf(bytes)));
    expect(await own.read("blob", bytes.length)).toEqual(bytes);
  });

  test("whose answer does not begin is asked again, one that stops in the middle is given up", async () => {
    const { stub, storage } = openStub({ answerMs: 200, stallMs: 200 });
    const own = storage();
    await own.write("key", new TextEncoder().encode("content"));
    stub.stallNext("head");
    expect(new TextDecoder().decode(await own.read("key", 100))).toBe("content");
    stub.stallNext("body");
    await expect(own.read("key", 100)).rejects.toThrow("nothing has come for 0.2 seconds");
    stub.stallNext("body");
    await expect(new Response(await own.body("key", { start: 0, end: 100 })).bytes()).rejects.toThrow("nothing has come for 0.2 seconds");
  });

  test("waits for a reader that takes its time", async () => {
    const { storage } = openStub({ answerMs: 5000, stallMs: 100 });
    const own = storage();
    const bytes = noise(8 * MIB);
    await own.write("key", bytes);
    const hasher = createHash("sha256");
    const reader = (await own.body("key", { start: 0, end: bytes.length })).getReader();
    for (let step = await reader.read(), pauses = 0; !step.done; step = await reader.read()) {
      hasher.update(step.value);
      if (pauses++ === 0) await Bun.sleep(300);
    }
    expect(`sha256:${hasher.digest("hex")}`).toBe(digestOf(bytes));
  });

  test("may serve blobs itself", async () => {
    const { storage } = openStub();
    await using registry = startRegistry({ storage: storage(true) });
    const blob = await registry.pushBlob("a", "redirected");
    const response = await registry.send("GET", `a/blobs/${blob}`);
    expect(response.status).toBe(307);
    expect(await (await fetch(response.headers.get("location") ?? "")).text()).toBe("redirected");
  });

  test("a cancelled upload leaves no parts behind", async () => {
    const { stub, storage } = openStub();
    await using registry = startRegistry({ storage: storage() });
    const location = await registry.startUpload("a");
    await registry.send("PATCH", location, { body: noise(9 * MIB) });
    expect(stub.openUploads).toBe(1);
    expect((await registry.send("DELETE", location)).status).toBe(204);
    expect([stub.openUploads, [...stub.objects.keys()].filter((key) => key.includes("_uploads"))]).toEqual([0, []]);
  });
});

/** "Authenticating Requests: Using the Authorization Header" and "… Query Parameters", Amazon S3 API reference. */
describe("Signature Version 4, by Amazon's examples", () => {
  const signing = { credentials: { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" }, region: "us-east-1", now: new Date("2013-05-24T00:00:00Z") };
  const host = "https://examplebucket.s3.amazonaws.com";

  test.each([
    ["GET object", "GET", "/test.txt", { Range: "bytes=0-9" }, "", "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"],
    ["PUT object", "PUT", "/test$file.text", { Date: "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY" }, "Welcome to Amazon S3.", "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"],
    ["GET bucket lifecycle", "GET", "/?lifecycle", {}, "", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"],
    ["GET bucket, list objects", "GET", "/?max-keys=2&prefix=J", {}, "", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"],
  ] as const)("%s", (_name, method, path, headers, body, signature) => {
    expect(signed({ method, url: new URL(host + path), headers, payload: sha256Hex(body) }, signing)["authorization"]).toEndWith(`,Signature=${signature}`);
  });

  test("a presigned address", () => {
    expect(new URL(presigned(new URL(`${host}/test.txt`), 86_400, signing)).searchParams.get("X-Amz-Signature")).toBe("aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
    expect(UNSIGNED).toBe("UNSIGNED-PAYLOAD");
  });
});
