/** The pages that a person sees in a browser. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { INDEX, MANIFEST, startRegistry, type TestRegistry } from "./serving.ts";

let registry: TestRegistry;
let image: string;
const EVIL = `<script>alert(1)</script>"'&\u202e`;

beforeAll(async () => {
  registry = startRegistry();
  image = await registry.pushImage("team/web", "v1", { annotations: { "org.example": EVIL } });
  const size = (await (await registry.send("GET", `team/web/manifests/${image}`)).arrayBuffer()).byteLength;
  await registry.putManifest("team/web", "all", { schemaVersion: 2, mediaType: INDEX, manifests: [{ mediaType: MANIFEST, digest: image, size, platform: { os: "linux", architecture: "arm64", variant: "v8" } }] }, INDEX);
  await registry.pushImage("team/web", undefined, { subject: { mediaType: MANIFEST, digest: image, size }, artifactType: "application/x.signature" });
  await registry.pushImage("team/db", "v1");
});
afterAll(() => registry[Symbol.asyncDispose]());

async function page(query = "", headers: Record<string, string> = {}): Promise<{ text: string; response: Response }> {
  const response = await registry.send("GET", `/${query}`, { headers });
  return { text: await response.text(), response };
}

describe("GET /", () => {
  test("shows all repositories, each with a link", async () => {
    const { text, response } = await page();
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
    expect(text).toContain("2 repositories");
    expect(text).toContain('<a href="/?repository=team%2Fweb">team/web</a>');
  });

  test("searches by a part of the name", async () => {
    const { text } = await page("?q=WE");
    expect(text).toContain("team/web");
    expect(text).not.toContain("team/db");
    expect((await page("?q=nothing")).text).toContain("No repository has “nothing” in its name.");
  });

  test("shows tags with platforms, size and digest", async () => {
    const { text } = await page("?repository=team/web");
    expect(text).toContain("2 tags");
    expect(text).toContain('<a href="/?repository=team%2Fweb&amp;reference=v1">v1</a>');
    for (const part of ["linux/amd64", "linux/arm64/v8", image.slice(7, 19), "kB"]) expect(text).toContain(part);
  });

  test("shows an image with its layers, what refers to it, and a command to copy", async () => {
    const { text } = await page("?repository=team/web&reference=v1");
    expect(text).toContain(`<code class="command">docker pull ${registry.url.slice("http://".length)}/team/web:v1</code>`);
    for (const part of [image, "1 kB", "application/vnd.oci.image.layer.v1.tar+gzip", "application/x.signature"]) expect(text).toContain(part);
    expect((await page("?repository=team/web&reference=all")).text).toContain(`<a href="/?repository=team%2Fweb&amp;reference=${encodeURIComponent(image)}">linux/arm64/v8</a>`);
  });

  test("speaks the browser's language", async () => {
    expect((await page("", { "Accept-Language": "ja-JP,en;q=0.8" })).text).toContain('<html lang="ja">');
    expect((await page("", { "Accept-Language": "fr,ja;q=0.5,en;q=0.4" })).text).toContain("リポジトリ 2 件");
    expect((await page("", { "Accept-Language": "fr" })).text).toContain('<html lang="en">');
  });

  test("escapes whatever comes from images and from the address", async () => {
    for (const query of ["?repository=team/web&reference=v1", `?q=${encodeURIComponent(EVIL)}`, `?repository=${encodeURIComponent(EVIL)}`, `?repository=team/web&reference=${encodeURIComponent(EVIL)}`, `?repository=team/web&last=${encodeURIComponent(EVIL)}`]) {
      const { text } = await page(query);
      expect(text).not.toContain("<script");
      expect(text).not.toContain("\u202e");
    }
    const evilHost = await page("?repository=team/web&reference=v1", { Host: "x;rm -rf" });
    expect(evilHost.text).toContain("docker pull localhost/team/web:v1");
  });

  test("lets nothing be loaded, run or framed", async () => {
    const { response, text } = await page();
    const policy = response.headers.get("content-security-policy") ?? "";
    for (const part of ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"]) expect(policy).toContain(part);
    const style = /<style>([\s\S]*)<\/style>/.exec(text)?.[1] ?? "";
    expect(policy).toContain(`style-src 'sha256-${new Bun.CryptoHasher("sha256").update(style).digest("base64")}'`);
    expect(text).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
  });

  test("what is not there is 404, also a page", async () => {
    for (const query of ["?repository=nobody", "?repository=../x", "?repository=team/web&reference=none", "?repository=team/web&reference=sha256:x"]) {
      const { response, text } = await page(query);
      expect([query, response.status]).toEqual([query, 404]);
      expect(text).toContain("There is no such repository or tag.");
    }
  });

  test("there is nothing where pages are not wanted", async () => {
    await using other = startRegistry({ pages: false });
    expect((await other.send("GET", "/")).status).toBe(404);
  });
});

test("GET /v1/search answers docker search", async () => {
  const all = (await (await registry.send("GET", "/v1/search?q=")).json()) as { num_results: number };
  expect(await (await registry.send("GET", "/v1/search?q=&n=-1")).json()).toEqual(all);
  expect(await (await registry.send("GET", "/v1/search?q=&n=1")).json()).toMatchObject({ num_results: 1 });
  expect(await (await registry.send("GET", "/v1/search?q=db&n=25")).json()).toMatchObject({ num_results: 1, results: [{ name: "team/db" }] });
});
