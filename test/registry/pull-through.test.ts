/** A registry that fetches from another one what it does not have. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { loadRegistryServer, openRegistryClient } from "../../src/registry/mod.ts";
import { digestOf, INDEX, MANIFEST, noise, startRegistry, type Options, type TestRegistry } from "./serving.ts";

const server = await loadRegistryServer();
let origin: TestRegistry;
const client = openRegistryClient({ userAgent: "hako-test", limits: { attempts: 1, backOffMs: 1 } });
afterAll(() => client.close());

beforeAll(() => {
  origin = startRegistry();
});
afterAll(() => origin[Symbol.asyncDispose]());

const hostOf = (url: string): string => url.slice("http://".length);

/** Faults are told of by `report`, and expected where the origin is one. */
function startCache(url = origin.url, options: Options & { tagMs?: number; evicts?: boolean; root?: string } = {}): TestRegistry {
  const { tagMs = 0, evicts = false, ...others } = options;
  return startRegistry({ behind: { client, domain: hostOf(url), auth: {}, tagMs, evicts }, report: () => undefined, ...others });
}

async function bytesOf(registry: TestRegistry, path: string): Promise<Uint8Array> {
  const response = await registry.send("GET", path);
  expect([path, response.status]).toEqual([path, 200]);
  return new Uint8Array(await response.arrayBuffer());
}

const metric = async (registry: TestRegistry, line: string): Promise<number> => Number(new RegExp(`^${line.replace(/[{}"]/g, "\\$&")} (\\d+)$`, "m").exec(await (await registry.send("GET", "/metrics")).text())?.[1] ?? 0);

describe("a pull through a cache", () => {
  test("brings manifests by tag and digest, and blobs, with the origin's digests", async () => {
    const image = await origin.pushImage("team/app", "v1");
    await using cache = startCache();
    expect(digestOf(await bytesOf(cache, "team/app/manifests/v1"))).toBe(image);
    const { layers, config } = JSON.parse(new TextDecoder().decode(await bytesOf(cache, `team/app/manifests/${image}`))) as { layers: { digest: string }[]; config: { digest: string } };
    for (const { digest } of [config, ...layers]) {
      const head = await cache.send("HEAD", `team/app/blobs/${digest}`);
      const response = await cache.send("GET", `team/app/blobs/${digest}`);
      expect(head.headers.get("content-length")).toBe(response.headers.get("content-length"));
      expect(digestOf(new Uint8Array(await response.arrayBuffer()))).toBe(digest);
      expect(digestOf(await bytesOf(cache, `team/app/blobs/${digest}`))).toBe(digest);
    }
  });

  test("serves what it has when the origin is gone", async () => {
    const other = startRegistry();
    const image = await other.pushImage("a", "v1");
    await using cache = startCache(other.url);
    const { layers } = JSON.parse(new TextDecoder().decode(await bytesOf(cache, "a/manifests/v1"))) as { layers: { digest: string }[] };
    for (const { digest } of layers) await bytesOf(cache, `a/blobs/${digest}`);
    await other[Symbol.asyncDispose]();
    expect(digestOf(await bytesOf(cache, "a/manifests/v1"))).toBe(image);
    for (const { digest } of layers) expect(digestOf(await bytesOf(cache, `a/blobs/${digest}`))).toBe(digest);
    expect((await cache.send("GET", "a/manifests/v2")).status).toBe(502);
  });

  test("follows a tag that moved, at once or after the time it is believed", async () => {
    const first = await origin.pushImage("moving", "latest");
    await using eager = startCache();
    await using patient = startCache(origin.url, { tagMs: 3_600_000 });
    for (const cache of [eager, patient]) await bytesOf(cache, "moving/manifests/latest");
    const second = await origin.pushImage("moving", "latest");
    expect(digestOf(await bytesOf(eager, "moving/manifests/latest"))).toBe(second);
    expect(digestOf(await bytesOf(patient, "moving/manifests/latest"))).toBe(first);
  });

  test("an index is kept without the platforms that nobody asked for", async () => {
    const image = await origin.pushImage("multi");
    const size = (await bytesOf(origin, `multi/manifests/${image}`)).length;
    await origin.putManifest("multi", "all", { schemaVersion: 2, mediaType: INDEX, manifests: [{ mediaType: MANIFEST, digest: image, size }] }, INDEX);
    await using cache = startCache();
    await bytesOf(cache, "multi/manifests/all");
    expect(digestOf(await bytesOf(cache, `multi/manifests/${image}`))).toBe(image);
  });

  test("requests for one blob at once share one fetch", async () => {
    const bytes = noise(3_000_000);
    const digest = await origin.pushBlob("big", bytes);
    await using cache = startCache();
    const got = await Promise.all(Array.from({ length: 8 }, () => bytesOf(cache, `big/blobs/${digest}`)));
    expect(got.map((each) => digestOf(each))).toEqual(Array.from({ length: 8 }, () => digest));
    expect(await metric(cache, "hako_registry_proxy_fetched_bytes_total")).toBe(3_000_000);
  });

  test("with the last client the fetch ends, and the next one begins anew", async () => {
    const bytes = noise(8_000_000);
    const digest = digestOf(bytes);
    const ended = Promise.withResolvers<void>();
    let whole = false;
    using slow = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: ({ method, url }) => {
        if (!url.endsWith(digest)) return new Response("{}");
        if (method === "HEAD") return new Response(null, { headers: { "Content-Length": String(bytes.length) } });
        if (whole) return new Response(bytes);
        let sent = 0;
        return new Response(
          new ReadableStream({
            pull: async (controller) => {
              if (sent >= 4_000_000) return await ended.promise;
              controller.enqueue(bytes.slice(sent, (sent += 500_000)));
            },
            cancel: () => ended.resolve(),
          }),
        );
      },
    });
    await using cache = startCache(`http://127.0.0.1:${slow.port}`);
    const leaving = new AbortController();
    const response = await fetch(`${cache.url}/v2/a/blobs/${digest}`, { signal: leaving.signal });
    await response.body?.getReader().read();
    leaving.abort();
    await ended.promise;
    whole = true;
    expect(digestOf(await bytesOf(cache, `a/blobs/${digest}`))).toBe(digest);
  }, 120_000);

  test("what is not at the origin is 404; pushes are refused", async () => {
    await using cache = startCache();
    expect((await cache.send("GET", "team/none/manifests/v1")).status).toBe(404);
    expect(await cache.refused("GET", `team/app/blobs/${digestOf("absent")}`)).toMatchObject({ status: 404, code: "BLOB_UNKNOWN" });
    expect(await cache.refused("POST", "team/app/blobs/uploads/")).toMatchObject({ status: 405, code: "UNSUPPORTED" });
  });

  test("lists the origin's tags and referrers", async () => {
    for (const tag of ["a", "b", "c"]) await origin.pushImage("tagged", tag);
    await using cache = startCache();
    for (const n of ["-1", "0.5", "many"]) expect(await cache.refused("GET", `tagged/tags/list?n=${n}`)).toMatchObject({ status: 400, code: "PAGINATION_NUMBER_INVALID" });
    const page = await cache.send("GET", "tagged/tags/list?n=2");
    expect(await page.json()).toEqual({ name: "tagged", tags: ["a", "b"] });
    expect(page.headers.get("link")).toContain("last=b");
    expect((await cache.send("GET", `tagged/referrers/${digestOf("absent")}`)).status).toBe(200);
  });
});

describe("an origin that lies", () => {
  test("a small blob that is not its digest is an error", async () => {
    const digest = digestOf("small");
    using origin = liar(digest, noise(1000));
    await using cache = startCache(origin.url);
    expect((await cache.send("GET", `a/blobs/${digest}`)).status).toBe(502);
  });

  /** Serves one blob: `body` under a digest that it may not have. */
  function liar(digest: string, body: Uint8Array<ArrayBuffer>, size = body.length): Disposable & { url: string } {
    const server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: ({ method, url }) => {
        if (new URL(url).pathname === "/v2/") return new Response("{}");
        if (!url.endsWith(digest)) return new Response("{}", { status: 404 });
        return method === "HEAD" ? new Response(null, { headers: { "Content-Length": String(size) } }) : new Response(body);
      },
    });
    return { url: `http://127.0.0.1:${server.port}`, [Symbol.dispose]: () => void server.stop(true) };
  }

  test("a blob that is not its digest is never handed out whole, and not kept", async () => {
    const digest = digestOf("promised");
    using origin = liar(digest, noise(5_000_000));
    await using cache = startCache(origin.url);
    for (let again = 0; again < 2; again++) {
      const got = await cache.send("GET", `a/blobs/${digest}`).then((response) => (response.ok ? response.arrayBuffer() : undefined)).catch(() => undefined);
      expect(got?.byteLength ?? 0).toBeLessThan(5_000_000);
    }
    expect((await Array.fromAsync(cache.registry.repositories.storage.list("blobs/sha256"))).length).toBe(0);
  });

  test("a body longer than announced is not kept", async () => {
    const body = noise(6_000_000);
    const digest = digestOf(body);
    using origin = liar(digest, body, 3_000_000);
    await using cache = startCache(origin.url);
    const got = await cache.send("GET", `a/blobs/${digest}`).then((response) => (response.ok ? response.arrayBuffer() : undefined)).catch(() => undefined);
    expect(got?.byteLength ?? 0).toBeLessThan(3_000_000);
    expect((await Array.fromAsync(cache.registry.repositories.storage.list("blobs/sha256"))).length).toBe(0);
  });
});

describe("a cache with limits", () => {
  const DAY_MS = 86_400_000;
  const { evictUnused, collectGarbage } = server;
  const policy = { untagged: false, uploadMs: DAY_MS };

  /** As if all that is here had come so many days ago. */
  function age(cache: TestRegistry, days: number): void {
    const seconds = Date.now() / 1000 - days * 86_400;
    for (const entry of readdirSync(cache.root, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isFile() && statSync(path).mtimeMs > Date.now() - 60_000) utimesSync(path, seconds, seconds);
    }
  }

  async function fetchImage(cache: TestRegistry, name: string): Promise<string[]> {
    const { layers, config } = JSON.parse(new TextDecoder().decode(await bytesOf(cache, `${name}/manifests/v1`))) as { layers: { digest: string }[]; config: { digest: string } };
    const blobs = [config, ...layers].map(({ digest }) => digest);
    for (const digest of blobs) await bytesOf(cache, `${name}/blobs/${digest}`);
    return blobs;
  }

  const keptBytes = (cache: TestRegistry): number => readdirSync(join(cache.root, "blobs"), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);

  test("lets go of what nobody has asked for the longest, and fetches it again", async () => {
    await using cache = startCache(origin.url, { evicts: true });
    for (const [i, name] of ["oldest", "middle", "newest"].entries()) {
      await origin.pushImage(name, "v1");
      await fetchImage(cache, name);
      age(cache, 10 - i);
    }
    const [repositories, before] = [cache.registry.repositories, keptBytes(cache)];
    // Asked for again, the first one is not the longest unused any more.
    await fetchImage(cache, "oldest");
    expect(await evictUnused(repositories, { maxBytes: before }, () => undefined)).toBe(0);
    expect(await evictUnused(repositories, { maxBytes: before * 0.8 }, () => undefined)).toBe(1);
    await collectGarbage(repositories, policy, () => undefined);
    expect(await repositories.names()).toEqual(["newest", "oldest"]);
    expect(keptBytes(cache)).toBeLessThan(before * 0.8);
    await fetchImage(cache, "middle");
    expect(keptBytes(cache)).toBe(before);
  });

  test("lets go of what nobody has asked for long enough", async () => {
    await using cache = startCache(origin.url, { evicts: true });
    await origin.pushImage("used", "v1");
    await origin.pushImage("unused", "v1");
    for (const name of ["used", "unused"]) await fetchImage(cache, name);
    age(cache, 10);
    await fetchImage(cache, "used");
    expect(await evictUnused(cache.registry.repositories, { maxUnusedMs: 5 * DAY_MS }, () => undefined)).toBe(1);
    await collectGarbage(cache.registry.repositories, policy, () => undefined);
    expect(await cache.registry.repositories.names()).toEqual(["used"]);
  });
});
