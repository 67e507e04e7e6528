/** OCI distribution spec 1.1, "Push": each requirement by its place in the specification. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { digestOf, DOCKER_MANIFEST, EMPTY, INDEX, MANIFEST, noise, startRegistry, type TestRegistry } from "./serving.ts";

let registry: TestRegistry;
const absent = digestOf("absent");

beforeAll(() => {
  registry = startRegistry();
});
afterAll(() => registry[Symbol.asyncDispose]());

async function chunk(location: string, bytes: Uint8Array<ArrayBuffer>, start: number, length = bytes.length): Promise<Response> {
  return await registry.send("PATCH", location, { body: bytes, headers: { "Content-Type": "application/octet-stream", "Content-Range": `${start}-${start + length - 1}` } });
}

async function stored(name: string, digest: string): Promise<string> {
  return digestOf(new Uint8Array(await (await registry.send("GET", `${name}/blobs/${digest}`)).arrayBuffer()));
}

describe("Pushing a blob monolithically", () => {
  test("end-4a, end-6: POST, then PUT: 202 with Location, 201 with Location of the blob", async () => {
    const bytes = noise(5000);
    const digest = digestOf(bytes);
    const start = await registry.send("POST", "push/app/blobs/uploads/");
    expect(start.status).toBe(202);
    const end = await registry.send("PUT", `${start.headers.get("location")}?digest=${digest}`, { body: bytes });
    expect([end.status, end.headers.get("docker-content-digest")]).toEqual([201, digest]);
    expect((await registry.send("GET", end.headers.get("location") ?? "")).status).toBe(200);
    expect(await stored("push/app", digest)).toBe(digest);
  });

  test("end-4b: a single POST with ?digest= is 201", async () => {
    const digest = digestOf("single");
    const response = await registry.send("POST", `push/app/blobs/uploads/?digest=${digest}`, { body: "single" });
    expect([response.status, response.headers.get("location")]).toEqual([201, `/v2/push/app/blobs/${digest}`]);
    expect(await stored("push/app", digest)).toBe(digest);
  });

  test("a digest that is not that of the content is 400 DIGEST_INVALID, and nothing is kept", async () => {
    expect(await registry.refused("PUT", `${await registry.startUpload("push/app")}?digest=${absent}`, { body: "something else" })).toMatchObject({ status: 400, code: "DIGEST_INVALID" });
    expect((await registry.send("HEAD", `push/app/blobs/${absent}`)).status).toBe(404);
    expect((await registry.send("HEAD", `push/app/blobs/${digestOf("something else")}`)).status).toBe(404);
  });

  test("a missing or malformed digest is 400 DIGEST_INVALID", async () => {
    expect(await registry.refused("PUT", await registry.startUpload("push/app"), { body: "x" })).toMatchObject({ status: 400, code: "DIGEST_INVALID" });
    expect(await registry.refused("PUT", `${await registry.startUpload("push/app")}?digest=sha256:zz`, { body: "x" })).toMatchObject({ status: 400, code: "DIGEST_INVALID" });
  });

  test("the same blob again is accepted", async () => {
    expect(await registry.pushBlob("push/app", "twice")).toBe(await registry.pushBlob("push/app", "twice"));
  });

  test("many at once, of the same content, in several repositories", async () => {
    const bytes = noise(300_000);
    const digests = await Promise.all(Array.from({ length: 12 }, (_, i) => registry.pushBlob(`push/many${i % 3}`, bytes)));
    expect(new Set(digests)).toEqual(new Set([digestOf(bytes)]));
    for (const i of [0, 1, 2]) expect(await stored(`push/many${i}`, digestOf(bytes))).toBe(digestOf(bytes));
  });
});

describe("Pushing a blob in chunks (end-5)", () => {
  test("each chunk is 202 with Location and the Range that has arrived; the last may come with the PUT", async () => {
    const bytes = noise(2500);
    const location = await registry.startUpload("push/chunks");
    const first = await chunk(location, bytes.slice(0, 1000), 0);
    expect([first.status, first.headers.get("range")]).toEqual([202, "0-999"]);
    const second = await chunk(first.headers.get("location") ?? "", bytes.slice(1000, 2000), 1000);
    expect([second.status, second.headers.get("range")]).toEqual([202, "0-1999"]);
    const end = await registry.send("PUT", `${second.headers.get("location")}?digest=${digestOf(bytes)}`, { body: bytes.slice(2000), headers: { "Content-Range": "2000-2499" } });
    expect(end.status).toBe(201);
    expect(await stored("push/chunks", digestOf(bytes))).toBe(digestOf(bytes));
  });

  test("a PUT without a body ends it", async () => {
    const location = await registry.startUpload("push/chunks");
    await chunk(location, new TextEncoder().encode("all of it"), 0);
    expect((await registry.send("PUT", `${location}?digest=${digestOf("all of it")}`)).status).toBe(201);
  });

  test("a chunk out of order is 416, and says what has arrived", async () => {
    const location = await registry.startUpload("push/chunks");
    await chunk(location, noise(10), 0);
    for (const start of [0, 5, 11, 1000]) {
      const response = await chunk(location, noise(10), start);
      expect([start, response.status, response.headers.get("range"), response.headers.get("location")]).toEqual([start, 416, "0-9", location]);
    }
    expect((await registry.send("GET", location)).headers.get("range")).toBe("0-9");
  });

  test("a first chunk that does not begin at 0 is 416", async () => {
    expect((await chunk(await registry.startUpload("push/chunks"), noise(10), 5)).status).toBe(416);
  });

  test("an out-of-order last chunk of a PUT is 416, and the upload goes on", async () => {
    const location = await registry.startUpload("push/chunks");
    await chunk(location, new TextEncoder().encode("ab"), 0);
    const wrong = await registry.send("PUT", `${location}?digest=${digestOf("abcd")}`, { body: "cd", headers: { "Content-Range": "5-6" } });
    expect(wrong.status).toBe(416);
    expect((await registry.send("PUT", `${location}?digest=${digestOf("abcd")}`, { body: "cd", headers: { "Content-Range": "2-3" } })).status).toBe(201);
  });

  test("a Content-Range that is none is 416, one that does not fit the body 400 SIZE_INVALID", async () => {
    const location = await registry.startUpload("push/chunks");
    for (const range of ["nonsense", "5-1", "0-", "-5"]) expect((await registry.send("PATCH", location, { body: "12345", headers: { "Content-Range": range } })).status).toBe(416);
    expect(await registry.refused("PATCH", location, { body: "12345", headers: { "Content-Range": "0-9" } })).toMatchObject({ status: 400, code: "SIZE_INVALID" });
    expect((await registry.send("GET", location)).headers.get("range")).toBe("0-0");
  });

  test("a PATCH without Content-Range, as a stream, appends", async () => {
    const location = await registry.startUpload("push/chunks");
    const bytes = noise(200_000);
    const stream = new ReadableStream({
      start(controller) {
        for (let i = 0; i < bytes.length; i += 50_000) controller.enqueue(bytes.slice(i, i + 50_000));
        controller.close();
      },
    });
    const response = await registry.send("PATCH", location, { body: stream });
    expect([response.status, response.headers.get("range")]).toEqual([202, "0-199999"]);
    expect((await registry.send("PUT", `${location}?digest=${digestOf(bytes)}`)).status).toBe(201);
    expect(await stored("push/chunks", digestOf(bytes))).toBe(digestOf(bytes));
  });

  test("end-13: GET of the upload is 204 with Location and Range", async () => {
    const location = await registry.startUpload("push/chunks");
    await chunk(location, noise(123), 0);
    const response = await registry.send("GET", location);
    expect([response.status, response.headers.get("range"), response.headers.get("location")]).toEqual([204, "0-122", location]);
  });

  test("end-14: DELETE of the upload cancels it", async () => {
    const location = await registry.startUpload("push/chunks");
    expect((await registry.send("DELETE", location)).status).toBe(204);
    for (const method of ["GET", "PATCH", "DELETE"]) expect(await registry.refused(method, location, method === "PATCH" ? { body: "x" } : {})).toMatchObject({ status: 404, code: "BLOB_UPLOAD_UNKNOWN" });
  });

  test("an upload belongs to its repository", async () => {
    const location = await registry.startUpload("push/chunks");
    expect(await registry.refused("GET", location.replace("push/chunks", "push/other"))).toMatchObject({ status: 404, code: "BLOB_UPLOAD_UNKNOWN" });
    expect(await registry.refused("GET", location.replace(/[^/]+$/, "..%2F..%2F_tags%2Fv1"))).toMatchObject({ status: 404 });
  });
});

describe("Mounting a blob from another repository (end-11)", () => {
  test("is 201 with the blob's Location when the source has it", async () => {
    const digest = await registry.pushBlob("mount/source", "mounted content");
    const response = await registry.send("POST", `mount/target/blobs/uploads/?mount=${digest}&from=mount/source`);
    expect([response.status, response.headers.get("location")]).toEqual([201, `/v2/mount/target/blobs/${digest}`]);
    expect(await stored("mount/target", digest)).toBe(digest);
  });

  test("begins an upload, 202, when the source has it not or none is named", async () => {
    await registry.pushBlob("mount/source", "known here only");
    for (const query of [`mount=${absent}&from=mount/source`, `mount=${digestOf("known here only")}`]) {
      const response = await registry.send("POST", `mount/target/blobs/uploads/?${query}`);
      expect([response.status, response.headers.get("location") !== null]).toEqual([202, true]);
    }
  });
});

describe("Pushing manifests (end-7)", () => {
  test("by tag: 201 with Location and digest", async () => {
    const text = JSON.stringify(await registry.image("push/app"));
    const response = await registry.putManifest("push/app", "v1", text);
    expect([response.status, response.headers.get("location"), response.headers.get("docker-content-digest")]).toEqual([201, `/v2/push/app/manifests/${digestOf(text)}`, digestOf(text)]);
    expect(await (await registry.send("GET", "push/app/manifests/v1")).text()).toBe(text);
  });

  test("by digest: 201; another digest is 400 DIGEST_INVALID", async () => {
    const text = JSON.stringify(await registry.image("push/app"));
    expect((await registry.putManifest("push/app", digestOf(text), text)).status).toBe(201);
    expect((await registry.putManifest("push/app", absent, text)).status).toBe(400);
  });

  test("the bytes are kept to the letter", async () => {
    const text = `\n${JSON.stringify(await registry.image("push/app"), null, 7)}\n\n`;
    await registry.putManifest("push/app", "spaces", text);
    expect(await (await registry.send("GET", "push/app/manifests/spaces")).text()).toBe(text);
  });

  test("a missing blob is 404 MANIFEST_BLOB_UNKNOWN", async () => {
    const image = await registry.image("push/app");
    const manifest = { ...image, layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar", digest: absent, size: 5 }] };
    expect(await registry.refused("PUT", "push/app/manifests/broken", { body: JSON.stringify(manifest), headers: { "Content-Type": MANIFEST } })).toMatchObject({ status: 404, code: "MANIFEST_BLOB_UNKNOWN" });
    expect((await registry.send("HEAD", "push/app/manifests/broken")).status).toBe(404);
  });

  test("a foreign layer may lie elsewhere", async () => {
    const image = await registry.image("push/app");
    const foreign = { mediaType: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", digest: absent, size: 5, urls: ["https://example.com/layer"] };
    expect((await registry.putManifest("push/app", "foreign", { ...image, layers: [foreign] })).status).toBe(201);
  });

  test("Docker's manifest and its list are taken as they are", async () => {
    const text = JSON.stringify(await registry.image("push/docker", { mediaType: DOCKER_MANIFEST }));
    expect((await registry.putManifest("push/docker", "v1", text, DOCKER_MANIFEST)).status).toBe(201);
    expect((await registry.send("GET", "push/docker/manifests/v1")).headers.get("content-type")).toBe(DOCKER_MANIFEST);
  });

  test("an index: its manifests must be there", async () => {
    const text = JSON.stringify(await registry.image("push/index"));
    const entry = { mediaType: MANIFEST, digest: digestOf(text), size: text.length, platform: { os: "linux", architecture: "amd64" } };
    const index = { schemaVersion: 2, mediaType: INDEX, manifests: [entry] };
    expect(await registry.refused("PUT", "push/index/manifests/all", { body: JSON.stringify(index), headers: { "Content-Type": INDEX } })).toMatchObject({ status: 404, code: "MANIFEST_BLOB_UNKNOWN" });
    await registry.putManifest("push/index", digestOf(text), text);
    expect((await registry.putManifest("push/index", "all", index, INDEX)).status).toBe(201);
    expect((await registry.putManifest("push/index", "empty", { schemaVersion: 2, mediaType: INDEX, manifests: [] }, INDEX)).status).toBe(201);
  });

  test.each([
    ["no JSON", "not json"],
    ["no object", "[]"],
    ["schema 1", JSON.stringify({ schemaVersion: 1, name: "a" })],
    ["no config", JSON.stringify({ schemaVersion: 2, layers: [] })],
    ["another media type inside", JSON.stringify({ schemaVersion: 2, mediaType: DOCKER_MANIFEST, config: {}, layers: [] })],
    ["a digest that is a path", JSON.stringify({ schemaVersion: 2, config: { mediaType: "a/b", digest: "../../etc/passwd", size: 1 }, layers: [] })],
    ["a negative size", JSON.stringify({ schemaVersion: 2, config: { mediaType: "a/b", digest: absent, size: -1 }, layers: [] })],
    ["an image with manifests", JSON.stringify({ schemaVersion: 2, config: { mediaType: "a/b", digest: absent, size: 1 }, layers: [], manifests: [] })],
    ["a mistyped annotation", JSON.stringify({ schemaVersion: 2, config: { mediaType: "a/b", digest: absent, size: 1 }, layers: [], annotations: { a: 1 } })],
  ])("malformed, %s: 400 MANIFEST_INVALID", async (_what, body) => {
    expect(await registry.refused("PUT", "push/app/manifests/bad", { body, headers: { "Content-Type": MANIFEST } })).toMatchObject({ status: 400, code: "MANIFEST_INVALID" });
  });

  test("a size that is not the blob's is 400 MANIFEST_INVALID", async () => {
    const image = await registry.image("push/app");
    const config = { ...(image["config"] as object), size: 7 };
    expect(await registry.refused("PUT", "push/app/manifests/liar", { body: JSON.stringify({ ...image, config }), headers: { "Content-Type": MANIFEST } })).toMatchObject({ status: 400, code: "MANIFEST_INVALID" });
  });

  test("a media type that is no manifest's is 400, one in the body alone is enough", async () => {
    const text = JSON.stringify(await registry.image("push/app"));
    expect((await registry.send("PUT", "push/app/manifests/typed", { body: text.replace(MANIFEST, "text/plain"), headers: { "Content-Type": "text/plain" } })).status).toBe(400);
    expect((await registry.send("PUT", "push/app/manifests/typed", { body: new TextEncoder().encode(text), headers: {} })).status).toBe(201);
  });

  test("more than 4 MiB is 413", async () => {
    expect((await registry.putManifest("push/app", "large", JSON.stringify({ schemaVersion: 2, annotations: { a: "x".repeat(4 * 1024 * 1024) } }))).status).toBe(413);
    const almost = await registry.image("push/app", { annotations: { a: "x".repeat(4 * 1024 * 1024 - 2000) } });
    expect((await registry.putManifest("push/app", "almost", almost)).status).toBe(201);
  });

  test("pushes of one tag at once: each is kept, and the tag is one of them", async () => {
    const digests = await Promise.all(Array.from({ length: 10 }, () => registry.pushImage("push/race", "latest")));
    expect(digests).toContain((await registry.send("HEAD", "push/race/manifests/latest")).headers.get("docker-content-digest") ?? "");
    for (const digest of digests) expect((await registry.send("HEAD", `push/race/manifests/${digest}`)).status).toBe(200);
  });
});

describe("Pushing manifests with subject", () => {
  test("is answered with OCI-Subject, also when the subject is not there", async () => {
    const subject = { mediaType: MANIFEST, digest: absent, size: 10 };
    const response = await registry.putManifest("push/subject", "sig", await registry.image("push/subject", { subject, artifactType: "application/x.sig" }));
    expect([response.status, response.headers.get("oci-subject")]).toEqual([201, absent]);
  });

  test("an artifact: the empty config and an artifactType", async () => {
    const empty = await registry.pushBlob("push/artifact", "{}");
    const manifest = { schemaVersion: 2, mediaType: MANIFEST, artifactType: "application/x.sbom", config: { mediaType: EMPTY, digest: empty, size: 2 }, layers: [{ mediaType: EMPTY, digest: empty, size: 2 }] };
    expect((await registry.putManifest("push/artifact", "sbom", manifest)).status).toBe(201);
  });
});
