/** OCI distribution spec 1.1, "Pull": each requirement by its place in the specification. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { digestOf, MANIFEST, noise, startRegistry, type TestRegistry } from "./serving.ts";

let registry: TestRegistry;
let content: Uint8Array<ArrayBuffer>;
let blob: string;
let image: string;
const absent = digestOf("absent");

beforeAll(async () => {
  registry = startRegistry();
  content = noise(100_000);
  blob = await registry.pushBlob("team/app", content);
  image = await registry.pushImage("team/app", "v1");
});
afterAll(() => registry[Symbol.asyncDispose]());

describe("Determining support", () => {
  test("end-1: GET /v2/ is 200 where no authentication is asked for", async () => {
    const response = await registry.send("GET", "/v2/");
    expect(response.status).toBe(200);
    expect(response.headers.get("docker-distribution-api-version")).toBe("registry/2.0");
  });

  test("end-1: /v2 without the last slash too", async () => {
    expect((await registry.send("GET", "/v2")).status).toBe(200);
  });
});

describe("Pulling manifests (end-3)", () => {
  test("GET by tag returns the manifest as it was pushed, 200, its media type and digest", async () => {
    const response = await registry.send("GET", "team/app/manifests/v1");
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe(MANIFEST);
    expect(response.headers.get("docker-content-digest")).toBe(image);
    expect(digestOf(new Uint8Array(await response.arrayBuffer()))).toBe(image);
  });

  test("GET by digest returns the same", async () => {
    const response = await registry.send("GET", `team/app/manifests/${image}`);
    expect(response.headers.get("docker-content-digest")).toBe(image);
    expect(digestOf(new Uint8Array(await response.arrayBuffer()))).toBe(image);
  });

  test("the digest may be percent-encoded", async () => {
    expect((await registry.send("GET", `team/app/manifests/${image.replace(":", "%3A")}`)).status).toBe(200);
  });

  test("a manifest that does not exist is 404 MANIFEST_UNKNOWN", async () => {
    expect(await registry.refused("GET", "team/app/manifests/none")).toMatchObject({ status: 404, code: "MANIFEST_UNKNOWN" });
    expect(await registry.refused("GET", `team/app/manifests/${absent}`)).toMatchObject({ status: 404, code: "MANIFEST_UNKNOWN" });
  });

  test("a repository that does not exist is 404 NAME_UNKNOWN", async () => {
    expect(await registry.refused("GET", "nobody/manifests/v1")).toMatchObject({ status: 404, code: "NAME_UNKNOWN" });
  });

  test("If-None-Match with the digest is 304", async () => {
    const etag = (await registry.send("GET", "team/app/manifests/v1")).headers.get("etag") ?? "";
    expect((await registry.send("GET", "team/app/manifests/v1", { headers: { "If-None-Match": etag } })).status).toBe(304);
    expect((await registry.send("GET", "team/app/manifests/v1", { headers: { "If-None-Match": `"${absent}"` } })).status).toBe(200);
  });
});

describe("Pulling blobs (end-2)", () => {
  test("GET returns the bytes, 200, and the digest", async () => {
    const response = await registry.send("GET", `team/app/blobs/${blob}`);
    expect(response.status).toBe(200);
    expect(response.headers.get("docker-content-digest")).toBe(blob);
    expect(digestOf(new Uint8Array(await response.arrayBuffer()))).toBe(blob);
  });

  test("a blob that does not exist is 404 BLOB_UNKNOWN", async () => {
    expect(await registry.refused("GET", `team/app/blobs/${absent}`)).toMatchObject({ status: 404, code: "BLOB_UNKNOWN" });
  });

  test("a blob of another repository is not there in this one", async () => {
    await registry.pushBlob("team/other", "theirs");
    expect(await registry.refused("GET", `team/app/blobs/${digestOf("theirs")}`)).toMatchObject({ status: 404, code: "BLOB_UNKNOWN" });
  });

  test("Range is served with 206 (RFC 9110)", async () => {
    for (const [range, start, end] of [["bytes=10-19", 10, 20], ["bytes=99990-", 99_990, 100_000], ["bytes=-5", 99_995, 100_000], ["bytes=5-999999999", 5, 100_000]] as const) {
      const response = await registry.send("GET", `team/app/blobs/${blob}`, { headers: { Range: range } });
      expect([response.status, response.headers.get("content-range")]).toEqual([206, `bytes ${start}-${end - 1}/100000`]);
      expect(new Uint8Array(await response.arrayBuffer())).toEqual(content.slice(start, end));
    }
  });

  test("a range beyond the end is 416", async () => {
    const response = await registry.send("GET", `team/app/blobs/${blob}`, { headers: { Range: "bytes=100000-" } });
    expect([response.status, response.headers.get("content-range")]).toEqual([416, "bytes */100000"]);
  });

  test("a range that makes no sense is ignored", async () => {
    for (const range of ["bytes=9-3", "lines=1-2", "bytes=-", "bytes=0-1,5-6"]) expect((await registry.send("GET", `team/app/blobs/${blob}`, { headers: { Range: range } })).status).toBe(200);
  });

  test("an empty blob", async () => {
    const empty = await registry.pushBlob("team/app", "");
    const response = await registry.send("GET", `team/app/blobs/${empty}`);
    expect([response.status, response.headers.get("content-length"), await response.text()]).toEqual([200, "0", ""]);
  });
});

describe("Checking if content exists in the registry", () => {
  test("HEAD of a manifest: 200, Content-Length and no body", async () => {
    const size = (await (await registry.send("GET", "team/app/manifests/v1")).arrayBuffer()).byteLength;
    const response = await registry.send("HEAD", "team/app/manifests/v1");
    expect([response.status, response.headers.get("content-length"), response.headers.get("docker-content-digest"), response.headers.get("content-type")]).toEqual([200, String(size), image, MANIFEST]);
    expect(await response.text()).toBe("");
  });

  test("HEAD of a blob: 200, Content-Length and no body", async () => {
    const response = await registry.send("HEAD", `team/app/blobs/${blob}`);
    expect([response.status, response.headers.get("content-length"), response.headers.get("docker-content-digest")]).toEqual([200, "100000", blob]);
  });

  test("HEAD of what is not there: 404", async () => {
    expect((await registry.send("HEAD", `team/app/blobs/${absent}`)).status).toBe(404);
    expect((await registry.send("HEAD", "team/app/manifests/none")).status).toBe(404);
  });
});

describe("Names and error codes", () => {
  test.each(["Upper/case", "a..b", "-a", "a-", "a//b", "a/_blobs", "a%2F..%2Fb", `${"a".repeat(256)}`])("<name> %s is refused with NAME_INVALID", async (name) => {
    expect(await registry.refused("GET", `${name}/manifests/v1`)).toMatchObject({ status: 400, code: "NAME_INVALID" });
  });

  test.each(["a", "a/b/c/d", "a.b_c__d-e--f", "0", `${"a".repeat(255)}`])("<name> %s is a name", async (name) => {
    expect(await registry.refused("GET", `${name}/manifests/v1`)).toMatchObject({ status: 404, code: "NAME_UNKNOWN" });
  });

  test.each([".a", "-a", "a%20b", "a".repeat(129), "..%2Fx"])("<reference> %s is no tag", async (tag) => {
    expect((await registry.refused("GET", `team/app/manifests/${tag}`)).status).toBeGreaterThanOrEqual(400);
    expect((await registry.send("PUT", `team/app/manifests/${tag}`, { body: "{}" })).status).toBeLessThan(500);
  });

  test("a malformed digest is 400 DIGEST_INVALID", async () => {
    for (const digest of ["sha256:abc", "sha256:", "md5:d41d8cd98f00b204e9800998ecf8427e", `sha256:${"A".repeat(64)}`]) {
      expect(await registry.refused("GET", `team/app/manifests/${digest}`)).toMatchObject({ status: 400, code: "DIGEST_INVALID" });
      expect(await registry.refused("GET", `team/app/blobs/${digest}`)).toMatchObject({ status: 400, code: "DIGEST_INVALID" });
    }
  });

  test("a path that is none is 404, a method that is none 405 with Allow", async () => {
    expect(await registry.refused("GET", "team/app/nothing/here")).toMatchObject({ status: 404, code: "UNSUPPORTED" });
    const response = await registry.send("POST", "team/app/manifests/v1");
    expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, HEAD, PUT, DELETE"]);
  });

  test("a path that is no UTF-8 is the client's fault", async () => {
    expect((await registry.send("GET", "/v2/%ff%fe/manifests/v1")).status).toBe(400);
  });

  test("errors are JSON: a list of code, message, detail", async () => {
    const response = await registry.send("GET", "team/app/manifests/none");
    expect(response.headers.get("content-type")).toStartWith("application/json");
    expect(await response.json()).toEqual({ errors: [{ code: "MANIFEST_UNKNOWN", message: "manifest unknown", detail: { tag: "none" } }] });
  });
});
