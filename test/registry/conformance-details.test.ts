/** OCI distribution spec 1.1: what its sections say besides the flows themselves, each by the section that says it. */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { until } from "../until.ts";
import { digestOf, INDEX, MANIFEST, noise, startRegistry, type TestRegistry } from "./serving.ts";

let registry: TestRegistry;
const absent = digestOf("absent");

beforeAll(() => {
  registry = startRegistry();
});
afterAll(() => registry[Symbol.asyncDispose]());

describe("Pulling manifests", () => {
  test.each([undefined, "*/*", INDEX, "text/plain", `${MANIFEST};q=0.1, ${INDEX}`])("the Content-Type is the manifest's own, without parameters, where %s is accepted", async (accept) => {
    await registry.pushImage("pull/types", "v1");
    const response = await registry.send("GET", "pull/types/manifests/v1", { headers: accept === undefined ? {} : { Accept: accept } });
    expect([response.status, response.headers.get("content-type")]).toEqual([200, MANIFEST]);
  });

  test("a manifest of another repository is not there in this one", async () => {
    const digest = await registry.pushImage("pull/theirs", "v1");
    await registry.pushImage("pull/ours", "v2");
    for (const reference of [digest, "v1"]) expect(await registry.refused("GET", `pull/ours/manifests/${reference}`)).toMatchObject({ status: 404, code: "MANIFEST_UNKNOWN" });
  });

  test("a tag that is pushed again is the new manifest, and the old one stays under its digest", async () => {
    const [first, second] = [await registry.pushImage("pull/moved", "v1"), await registry.pushImage("pull/moved", "v1")];
    expect((await registry.send("HEAD", "pull/moved/manifests/v1")).headers.get("docker-content-digest")).toBe(second);
    expect((await registry.send("HEAD", `pull/moved/manifests/${first}`)).status).toBe(200);
  });
});

describe("Checking if content exists in the registry", () => {
  test("HEAD and GET say the same of manifests and blobs", async () => {
    const image = await registry.pushImage("exists/app", "v1");
    const blob = await registry.pushBlob("exists/app", noise(5000));
    for (const path of ["manifests/v1", `manifests/${image}`, `blobs/${blob}`]) {
      const [head, whole] = [await registry.send("HEAD", `exists/app/${path}`), await registry.send("GET", `exists/app/${path}`)];
      expect([head.status, ...["content-type", "docker-content-digest"].map((name) => head.headers.get(name))]).toEqual([200, ...["content-type", "docker-content-digest"].map((name) => whole.headers.get(name))]);
      expect(head.headers.get("content-length")).toBe(String((await whole.arrayBuffer()).byteLength));
    }
  });
});

describe("Pushing blobs", () => {
  test("each session has a Location of its own with a UUID, and none disturbs another", async () => {
    const locations = await Promise.all(Array.from({ length: 5 }, () => registry.startUpload("blobs/app")));
    expect(new Set(locations).size).toBe(5);
    for (const location of locations) expect(location).toMatch(/[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/);
    const contents = locations.map((_, index) => noise(1000 + index));
    const ends = await Promise.all(locations.map(async (location, index) => (await registry.send("PUT", `${location}?digest=${digestOf(contents[index] ?? "")}`, { body: contents[index], headers: { "Content-Type": "application/octet-stream" } })).status));
    expect(ends).toEqual([201, 201, 201, 201, 201]);
  });

  test("what Location names can be pulled, and a session that is over is 404 BLOB_UPLOAD_UNKNOWN", async () => {
    const session = await registry.startUpload("blobs/app");
    const end = await registry.send("PUT", `${session}?digest=${digestOf("pullable")}`, { body: "pullable" });
    expect(await (await registry.send("GET", end.headers.get("location") ?? "")).text()).toBe("pullable");
    expect(await registry.refused("GET", session)).toMatchObject({ status: 404, code: "BLOB_UPLOAD_UNKNOWN" });
  });

  test("a session that is asked for with Content-Length: 0 takes chunks", async () => {
    const response = await registry.send("POST", "blobs/app/blobs/uploads/", { headers: { "Content-Length": "0" } });
    expect(response.status).toBe(202);
    const first = await registry.send("PATCH", response.headers.get("location") ?? "", { body: "abc", headers: { "Content-Range": "0-2", "Content-Type": "application/octet-stream" } });
    expect([first.status, first.headers.get("range")]).toEqual([202, "0-2"]);
  });

  test("after 416 the status is asked for, and the upload goes on from there", async () => {
    const location = await registry.startUpload("blobs/app");
    await registry.send("PATCH", location, { body: "abc", headers: { "Content-Range": "0-2" } });
    expect((await registry.send("PATCH", location, { body: "xyz", headers: { "Content-Range": "9-11" } })).status).toBe(416);
    const state = await registry.send("GET", location);
    expect([state.status, state.headers.get("range")]).toEqual([204, "0-2"]);
    const next = await registry.send("PATCH", state.headers.get("location") ?? "", { body: "def", headers: { "Content-Range": "3-5" } });
    expect([next.status, next.headers.get("range")]).toEqual([202, "0-5"]);
    expect((await registry.send("PUT", `${next.headers.get("location")}?digest=${digestOf("abcdef")}`)).status).toBe(201);
  });

  test("a session that is cancelled while its last request goes on is 404 BLOB_UPLOAD_UNKNOWN", async () => {
    const session = await registry.startUpload("blobs/app");
    const bytes = noise(1 << 20);
    const cancelled = Promise.withResolvers<void>();
    const body = new ReadableStream({
      async start(controller) {
        controller.enqueue(bytes);
        await cancelled.promise;
        controller.close();
      },
    });
    const refused = registry.refused("PUT", `${session}?digest=${digestOf(bytes)}`, { body });
    await until(async () => (await registry.send("GET", session)).headers.get("range") !== "0-0");
    expect((await registry.send("DELETE", session)).status).toBe(204);
    cancelled.resolve();
    expect(await refused).toMatchObject({ status: 404, code: "BLOB_UPLOAD_UNKNOWN" });
    expect((await registry.send("HEAD", `blobs/app/blobs/${digestOf(bytes)}`)).status).toBe(404);
  });

  test("a single POST with another digest is 400 DIGEST_INVALID", async () => {
    expect(await registry.refused("POST", `blobs/app/blobs/uploads/?digest=${absent}`, { body: "not that", headers: { "Content-Type": "application/octet-stream" } })).toMatchObject({ status: 400, code: "DIGEST_INVALID" });
  });

  test("a digest of an algorithm that is not known is 400 DIGEST_INVALID", async () => {
    const digest = `md5:${createHash("md5").update("x").digest("hex")}`;
    expect(await registry.refused("PUT", `${await registry.startUpload("blobs/app")}?digest=${digest}`, { body: "x" })).toMatchObject({ status: 400, code: "DIGEST_INVALID" });
    expect(await registry.refused("GET", `blobs/app/blobs/${digest}`)).toMatchObject({ status: 400, code: "DIGEST_INVALID" });
  });

  test("mounting what is there already is 201", async () => {
    const digest = await registry.pushBlob("blobs/source", "in both");
    await registry.pushBlob("blobs/target", "in both");
    expect((await registry.send("POST", `blobs/target/blobs/uploads/?mount=${digest}&from=blobs/source`)).status).toBe(201);
  });
});

describe("Pushing manifests", () => {
  test("what Location names can be pulled, by tag and by digest", async () => {
    const text = JSON.stringify(await registry.image("manifests/app"));
    for (const reference of ["v1", digestOf(text)]) {
      const { headers } = await registry.putManifest("manifests/app", reference, text);
      expect(await (await registry.send("GET", headers.get("location") ?? "")).text()).toBe(text);
    }
  });

  test("subject: an index has one too; a manifest without one is answered without OCI-Subject", async () => {
    const subject = { mediaType: MANIFEST, digest: absent, size: 10 };
    const index = { schemaVersion: 2, mediaType: INDEX, manifests: [], subject };
    expect((await registry.putManifest("manifests/subject", "index", index, INDEX)).headers.get("oci-subject")).toBe(absent);
    expect((await registry.putManifest("manifests/subject", "plain", await registry.image("manifests/subject"))).headers.get("oci-subject")).toBeNull();
  });
});

describe("Listing tags", () => {
  beforeAll(async () => {
    for (const tag of ["a", "b", "c"]) await registry.pushImage("tags/app", tag);
  });

  test("n: no Link where nothing follows, and none for n=0", async () => {
    for (const [query, expected] of [["n=3", ["a", "b", "c"]], ["n=0", []], ["n=0&last=a", []], ["n=2&last=a", ["b", "c"]]] as const) {
      const response = await registry.send("GET", `tags/app/tags/list?${query}`);
      expect([query, response.status, response.headers.get("link"), await response.json()]).toEqual([query, 200, null, { name: "tags/app", tags: [...expected] }]);
    }
  });

  test("the pages, one tag each, are all tags once", async () => {
    const found: string[] = [];
    for (let path: string | undefined = "/v2/tags/app/tags/list?n=1"; path !== undefined; ) {
      const response = await registry.send("GET", path);
      found.push(...((await response.json()) as { tags: string[] }).tags);
      path = /^<(.*)>; rel="next"$/.exec(response.headers.get("link") ?? "")?.[1];
    }
    expect(found).toEqual(["a", "b", "c"]);
  });
});

describe("Listing referrers", () => {
  const referrers = async (path: string): Promise<{ headers: Headers; manifests: Record<string, unknown>[] }> => {
    const response = await registry.send("GET", path);
    expect([response.status, response.headers.get("content-type")]).toEqual([200, INDEX]);
    return { headers: response.headers, manifests: ((await response.json()) as { manifests: Record<string, unknown>[] }).manifests };
  };

  test("of an index without artifactType the descriptor has none, of one without annotations none either", async () => {
    await registry.putManifest("refs/index", "i", { schemaVersion: 2, mediaType: INDEX, manifests: [], subject: { mediaType: MANIFEST, digest: absent, size: 10 } }, INDEX);
    const { manifests } = await referrers(`refs/index/referrers/${absent}`);
    expect(manifests.map((each) => Object.keys(each).toSorted())).toEqual([["digest", "mediaType", "size"]]);
  });

  test("they are those of this repository, whether the subject is there, was, or never will be", async () => {
    const text = JSON.stringify(await registry.image("refs/app"));
    await registry.putManifest("refs/app", "v1", text);
    const subject = { mediaType: MANIFEST, digest: digestOf(text), size: text.length };
    const mine = await registry.pushImage("refs/app", undefined, { subject });
    await registry.pushImage("refs/other", undefined, { subject });
    const path = `refs/app/referrers/${digestOf(text)}`;
    expect((await referrers(path)).manifests.map((each) => each["digest"])).toEqual([mine]);
    expect((await registry.send("DELETE", `refs/app/manifests/${digestOf(text)}`)).status).toBe(202);
    expect((await referrers(path)).manifests.map((each) => each["digest"])).toEqual([mine]);
  });

  test("a filter that nothing passes is an empty index that says which was applied", async () => {
    const { headers, manifests } = await referrers(`refs/nothing/referrers/${absent}?artifactType=application/x.none`);
    expect([headers.get("oci-filters-applied"), manifests]).toEqual(["artifactType", []]);
  });

  test("tags of a referrer may go: it refers on", async () => {
    const subject = { mediaType: MANIFEST, digest: digestOf("tagged subject"), size: 10 };
    const digest = await registry.pushImage("refs/tagged", "sig", { subject });
    expect((await registry.send("DELETE", "refs/tagged/manifests/sig")).status).toBe(202);
    expect((await referrers(`refs/tagged/referrers/${subject.digest}`)).manifests.map((each) => each["digest"])).toEqual([digest]);
  });
});

describe("Deleting", () => {
  test("a tag that is deleted is listed no more, and may be pushed again", async () => {
    const text = JSON.stringify(await registry.image("gone/app"));
    for (const tag of ["a", "b"]) await registry.putManifest("gone/app", tag, text);
    await registry.send("DELETE", "gone/app/manifests/a");
    expect(await (await registry.send("GET", "gone/app/tags/list")).json()).toMatchObject({ tags: ["b"] });
    expect((await registry.putManifest("gone/app", "a", text)).status).toBe(201);
  });

  test("a manifest and a blob that were deleted may be pushed again", async () => {
    const text = JSON.stringify(await registry.image("gone/again"));
    await registry.putManifest("gone/again", "v1", text);
    await registry.send("DELETE", `gone/again/manifests/${digestOf(text)}`);
    expect(await registry.refused("DELETE", `gone/again/manifests/${digestOf(text)}`)).toMatchObject({ status: 404 });
    expect((await registry.putManifest("gone/again", "v1", text)).status).toBe(201);
    const blob = await registry.pushBlob("gone/again", "here and gone");
    await registry.send("DELETE", `gone/again/blobs/${blob}`);
    expect(await registry.pushBlob("gone/again", "here and gone")).toBe(blob);
  });

  test("a registry that allows no deletion says 405 UNSUPPORTED", async () => {
    await using closed = startRegistry({ readOnly: true });
    for (const path of [`some/app/manifests/${absent}`, "some/app/manifests/v1", `some/app/blobs/${absent}`]) expect(await closed.refused("DELETE", path)).toMatchObject({ status: 405, code: "UNSUPPORTED" });
  });
});

describe("Error codes", () => {
  test("every refusal is JSON with codes of capitals and a sentence; to HEAD it has no body", async () => {
    for (const [method, path] of [["GET", "no/one/manifests/v1"], ["GET", `no/one/blobs/${absent}`], ["GET", "no/one/blobs/sha256:x"], ["GET", "NO/manifests/v1"], ["GET", "no/one/tags/list"], ["PATCH", "no/one/blobs/uploads/x"], ["DELETE", "no/one/manifests/v1"], ["GET", "/v2/nothing"]] as const) {
      const response = await registry.send(method, path);
      expect([path, response.status >= 400 && response.status < 500, response.headers.get("content-type")?.split(";")[0]]).toEqual([path, true, "application/json"]);
      const { errors } = (await response.json()) as { errors: { code: string; message: string }[] };
      expect(errors.length).toBeGreaterThan(0);
      for (const { code, message } of errors) expect([code, message]).toEqual([expect.stringMatching(/^[A-Z_]+$/), expect.stringMatching(/./)]);
    }
    const head = await registry.send("HEAD", "no/one/manifests/v1");
    expect([head.status, await head.text()]).toEqual([404, ""]);
  });
});
