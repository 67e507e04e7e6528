/** OCI distribution spec 1.1, "Content Discovery" and "Content Management": each requirement by its place in the specification. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { digestOf, INDEX, MANIFEST, startRegistry, type TestRegistry } from "./serving.ts";

let registry: TestRegistry;
const absent = digestOf("absent");

beforeAll(() => {
  registry = startRegistry();
});
afterAll(() => registry[Symbol.asyncDispose]());

async function tags(query = "", name = "lists/tags"): Promise<{ tags: string[]; link: string | null }> {
  const response = await registry.send("GET", query.startsWith("/") ? query : `${name}/tags/list${query}`);
  expect(response.status).toBe(200);
  return { tags: ((await response.json()) as { tags: string[] }).tags, link: response.headers.get("link") };
}

describe("Listing tags (end-8a, end-8b)", () => {
  beforeAll(async () => {
    const text = JSON.stringify(await registry.image("lists/tags"));
    for (const tag of ["v2", "v10", "Beta", "alpha", "latest", "v1"]) await registry.putManifest("lists/tags", tag, text);
  });

  test("200, the name and all tags in lexical, case-insensitive order", async () => {
    const response = await registry.send("GET", "lists/tags/tags/list");
    expect(await response.json()).toEqual({ name: "lists/tags", tags: ["alpha", "Beta", "latest", "v1", "v10", "v2"] });
  });

  test("n: at most so many, and a Link to the next", async () => {
    const { tags: first, link } = await tags("?n=4");
    expect(first).toEqual(["alpha", "Beta", "latest", "v1"]);
    const path = /^<(\/[^>]+)>; rel="next"$/.exec(link ?? "")?.[1] ?? "";
    expect(await tags(path)).toEqual({ tags: ["v10", "v2"], link: null });
  });

  test("n may be more than there are, or 0", async () => {
    expect(await tags("?n=100")).toMatchObject({ link: null });
    expect((await tags("?n=0")).tags).toEqual([]);
  });

  test("last: only what follows it, whether it exists or not", async () => {
    expect((await tags("?last=latest")).tags).toEqual(["v1", "v10", "v2"]);
    expect((await tags("?last=c&n=1")).tags).toEqual(["latest"]);
    expect((await tags("?last=zzz")).tags).toEqual([]);
  });

  test("n that is no number is 400 PAGINATION_NUMBER_INVALID", async () => {
    expect(await registry.refused("GET", "lists/tags/tags/list?n=many")).toMatchObject({ status: 400, code: "PAGINATION_NUMBER_INVALID" });
    expect(await registry.refused("GET", "lists/tags/tags/list?n=-1")).toMatchObject({ status: 400, code: "PAGINATION_NUMBER_INVALID" });
  });

  test("a repository that does not exist is 404 NAME_UNKNOWN", async () => {
    expect(await registry.refused("GET", "lists/nobody/tags/list")).toMatchObject({ status: 404, code: "NAME_UNKNOWN" });
  });

  test("GET /v2/_catalog lists repositories, in pages", async () => {
    for (const name of ["cat/a", "cat/b", "cat/c"]) await registry.pushImage(name, "v1");
    const response = await registry.send("GET", "/v2/_catalog?n=2&last=cat");
    expect(await response.json()).toEqual({ repositories: ["cat/a", "cat/b"] });
    expect(response.headers.get("link")).toBe('</v2/_catalog?n=2&last=cat%2Fb>; rel="next"');
  });
});

describe("Listing referrers (end-12a, end-12b)", () => {
  let subject: string;
  let signature: string;

  async function referrers(digest: string, query = ""): Promise<{ response: Response; manifests: Record<string, unknown>[] }> {
    const response = await registry.send("GET", `lists/refs/referrers/${digest}${query}`);
    const index = (await response.clone().json()) as { schemaVersion: number; mediaType: string; manifests: Record<string, unknown>[] };
    return { response, manifests: index.manifests };
  }

  beforeAll(async () => {
    const text = JSON.stringify(await registry.image("lists/refs"));
    await registry.putManifest("lists/refs", "v1", text);
    subject = digestOf(text);
    const about = { mediaType: MANIFEST, digest: subject, size: text.length };
    signature = await registry.pushImage("lists/refs", undefined, { subject: about, artifactType: "application/x.sig", annotations: { "org.example": "yes" } });
    await registry.pushImage("lists/refs", undefined, { subject: about });
    await registry.putManifest("lists/refs", "idx", { schemaVersion: 2, mediaType: INDEX, manifests: [], subject: about, artifactType: "application/x.list" }, INDEX);
  });

  test("200, an image index of descriptors with size, artifactType and annotations", async () => {
    const { response, manifests } = await referrers(subject);
    expect([response.status, response.headers.get("content-type"), response.headers.get("oci-filters-applied")]).toEqual([200, INDEX, null]);
    expect(await response.json()).toMatchObject({ schemaVersion: 2, mediaType: INDEX });
    expect(manifests).toHaveLength(3);
    expect(manifests).toContainEqual({ mediaType: MANIFEST, digest: signature, size: expect.any(Number), artifactType: "application/x.sig", annotations: { "org.example": "yes" } });
    expect(manifests.find((each) => each["mediaType"] === INDEX)).toMatchObject({ artifactType: "application/x.list" });
  });

  test("without an artifactType, it is the config's media type", async () => {
    const { manifests } = await referrers(subject);
    expect(manifests.map((each) => each["artifactType"])).toContain("application/vnd.oci.image.config.v1+json");
  });

  test("artifactType filters, and OCI-Filters-Applied says so", async () => {
    const { response, manifests } = await referrers(subject, "?artifactType=application/x.sig");
    expect(response.headers.get("oci-filters-applied")).toBe("artifactType");
    expect(manifests.map((each) => each["digest"])).toEqual([signature]);
    expect((await referrers(subject, "?artifactType=application/x.none")).manifests).toEqual([]);
  });

  test("what would be too large for one index goes on in the next", async () => {
    const text = JSON.stringify(await registry.image("lists/large"));
    await registry.putManifest("lists/large", "v1", text);
    const about = { mediaType: MANIFEST, digest: digestOf(text), size: text.length };
    const annotation = "a".repeat(1_500_000);
    for (const each of ["1", "2", "3"]) await registry.pushImage("lists/large", undefined, { subject: about, annotations: { each, annotation } });
    const found: unknown[] = [];
    for (let path: string | undefined = `/v2/lists/large/referrers/${digestOf(text)}`; path !== undefined; ) {
      const response = await registry.send("GET", path);
      const body = await response.text();
      expect(body.length).toBeLessThan(4.5 * 1024 * 1024);
      found.push((JSON.parse(body) as { manifests: unknown[] }).manifests.length);
      path = /^<(.*)>; rel="next"$/.exec(response.headers.get("link") ?? "")?.[1];
    }
    expect(found).toEqual([2, 1]);
  });

  test("an empty index, 200, where nothing refers, also in a repository that does not exist", async () => {
    expect((await referrers(absent)).manifests).toEqual([]);
    expect((await registry.send("GET", `lists/none/referrers/${absent}`)).status).toBe(200);
  });

  test("an invalid digest is 400", async () => {
    expect(await registry.refused("GET", "lists/refs/referrers/sha256:x")).toMatchObject({ status: 400, code: "DIGEST_INVALID" });
  });

  test("a deleted manifest refers no more; one that was there before its subject does", async () => {
    const text = JSON.stringify(await registry.image("lists/refs"));
    const early = await registry.pushImage("lists/refs", undefined, { subject: { mediaType: MANIFEST, digest: digestOf(text), size: text.length } });
    await registry.putManifest("lists/refs", "later", text);
    expect((await referrers(digestOf(text))).manifests.map((each) => each["digest"])).toEqual([early]);
    expect((await registry.send("DELETE", `lists/refs/manifests/${early}`)).status).toBe(202);
    expect((await referrers(digestOf(text))).manifests).toEqual([]);
  });
});

describe("Content management", () => {
  test("end-9: DELETE of a manifest by digest is 202; it and its tags are gone", async () => {
    const digest = await registry.pushImage("del/app", "v1");
    expect((await registry.send("DELETE", `del/app/manifests/${digest}`)).status).toBe(202);
    expect((await registry.send("GET", `del/app/manifests/${digest}`)).status).toBe(404);
    expect((await registry.send("GET", "del/app/manifests/v1")).status).toBe(404);
    expect((await tags("", "del/app")).tags).toEqual([]);
  });

  test("end-9: DELETE of a tag is 202; the manifest and its other tags stay", async () => {
    const text = JSON.stringify(await registry.image("del/app"));
    for (const tag of ["one", "two"]) await registry.putManifest("del/app", tag, text);
    expect((await registry.send("DELETE", "del/app/manifests/one")).status).toBe(202);
    expect((await registry.send("GET", "del/app/manifests/one")).status).toBe(404);
    expect((await registry.send("GET", "del/app/manifests/two")).status).toBe(200);
    expect((await registry.send("GET", `del/app/manifests/${digestOf(text)}`)).status).toBe(200);
  });

  test("end-10: DELETE of a blob is 202; it is gone from this repository only", async () => {
    const digest = await registry.pushBlob("del/one", "shared by two");
    await registry.pushBlob("del/two", "shared by two");
    expect((await registry.send("DELETE", `del/one/blobs/${digest}`)).status).toBe(202);
    expect((await registry.send("HEAD", `del/one/blobs/${digest}`)).status).toBe(404);
    expect((await registry.send("HEAD", `del/two/blobs/${digest}`)).status).toBe(200);
  });

  test("DELETE of what is not there is 404", async () => {
    await registry.pushImage("del/app", "here");
    expect(await registry.refused("DELETE", `del/app/manifests/${absent}`)).toMatchObject({ status: 404, code: "MANIFEST_UNKNOWN" });
    expect(await registry.refused("DELETE", "del/app/manifests/none")).toMatchObject({ status: 404, code: "MANIFEST_UNKNOWN" });
    expect(await registry.refused("DELETE", `del/app/blobs/${absent}`)).toMatchObject({ status: 404, code: "BLOB_UNKNOWN" });
  });
});
