/** Whatever a client sends is answered with the client's fault, never with ours, and leaves nothing torn. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import fc from "fast-check";
import { seed } from "../seeded-random.ts";
import { digestOf, startRegistry, type TestRegistry } from "./serving.ts";

let registry: TestRegistry;
let upload: string;
let image: string;

beforeAll(async () => {
  registry = startRegistry();
  image = await registry.pushImage("team/app", "v1");
  upload = await registry.startUpload("team/app");
});
afterAll(() => registry[Symbol.asyncDispose]());

test("no request makes the registry fail", async () => {
  const word = fc.oneof(fc.constantFrom("..", "%2e%2e", "%00", "_tags", "team", "app", "sha256:", "latest", "uploads", "🐋", "a".repeat(300), "__proto__", "constructor"), fc.string({ maxLength: 20 }));
  const name = fc.oneof(fc.constant("team/app"), fc.array(word, { minLength: 1, maxLength: 4 }).map((words) => words.join("/")));
  const reference = fc.oneof(fc.constantFrom("v1", image, digestOf("absent")), word);
  const path = fc.oneof(
    fc.tuple(name, reference).map(([n, r]) => `/v2/${n}/manifests/${r}`),
    fc.tuple(name, reference).map(([n, r]) => `/v2/${n}/blobs/${r}`),
    fc.tuple(name, fc.webQueryParameters()).map(([n, q]) => `/v2/${n}/blobs/uploads/?mount=${q}&from=${q}&digest=${q}`),
    fc.tuple(fc.constant(upload), fc.webQueryParameters()).map(([u, q]) => `${u}?digest=${q}`),
    fc.tuple(name, fc.webQueryParameters()).map(([n, q]) => `/v2/${n}/tags/list?n=${q}&last=${q}`),
    fc.tuple(name, reference).map(([n, r]) => `/v2/${n}/referrers/${r}`),
    fc.webQueryParameters().map((q) => `/?repository=${q}&reference=${q}&q=${q}&last=${q}`),
    word.map((w) => `/${w}`),
  );
  const header = fc.dictionary(fc.constantFrom("Range", "Content-Range", "If-None-Match", "Content-Type", "Authorization", "Accept-Language", "If-Range"), fc.string({ maxLength: 40 }).map((text) => text.replace(/[^\x20-\x7e]/g, "")), { maxKeys: 3 });
  const body = fc.oneof(fc.constantFrom("", "{}", "[]", "null", '{"schemaVersion":2}', '{"schemaVersion":2,"config":null,"layers":{}}', '{"__proto__":{"schemaVersion":2}}', "[".repeat(5000)), fc.json(), fc.string());
  await fc.assert(
    fc.asyncProperty(fc.constantFrom("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"), path, header, body, async (method, target, headers, content) => {
      const url = registry.url + encodeURI(target.replace(/%(?![0-9a-f]{2})/gi, "%25"));
      const response = await fetch(url, { method, headers, redirect: "manual", ...(!["GET", "HEAD"].includes(method) && { body: content }) });
      await response.arrayBuffer();
      expect(response.status).toBeLessThan(500);
    }),
    { seed, numRuns: 1500 },
  );
}, 120_000);

test("and none reaches a file outside of the content", async () => {
  for (const path of ["/v2/team/app/blobs/..%2f..%2f..%2f..%2fetc%2fpasswd", "/v2/..%2f..%2fetc/manifests/passwd", "/v2/team/app/manifests/..%2f_blobs%2fx", "/v2/team/app/blobs/uploads/..%2f_tags%2fv1"]) {
    const response = await registry.send("GET", path);
    expect([path, response.status >= 400 && response.status < 500]).toEqual([path, true]);
  }
});
