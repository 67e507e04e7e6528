/** A registry for anna with the password geheim, as a program: it runs in an engine's network namespace, which tests are not in. */
import { MEDIA } from "../../src/spec/mod.ts";
import { digestOf, scriptedRegistry } from "./scripted-registry.ts";

const CONFIG = JSON.stringify({ architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: [] } });
const MANIFEST = JSON.stringify({ schemaVersion: 2, mediaType: MEDIA.ociManifest, config: { mediaType: MEDIA.ociConfig, digest: digestOf(CONFIG), size: CONFIG.length }, layers: [] });
const FOUND = [
  { name: "team/web", description: "A description that is so long that a table has no room for all of it", star_count: 12, is_official: true },
  { name: "team/other", description: "short \u001b[31mred", star_count: 0, is_official: false },
];

const registry = await scriptedRegistry(({ path, headers, reply }) => {
  if (path.startsWith("/v1/search?")) return reply(200, {}, JSON.stringify({ results: FOUND }));
  const given = Buffer.from(/^Basic (.*)$/.exec(headers.get("authorization") ?? "")?.[1] ?? "", "base64").toString();
  if (given !== "anna:geheim") return reply(401, { "WWW-Authenticate": 'Basic realm="r"' }, '{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}');
  if (path === "/v2/") return reply(200);
  if (path.endsWith(`/blobs/${digestOf(CONFIG)}`)) return reply(200, {}, CONFIG);
  if (path.endsWith("/manifests/one")) return reply(200, { "Content-Type": MEDIA.ociManifest, "Docker-Content-Digest": digestOf(MANIFEST) }, MANIFEST);
  reply(404, {}, '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}');
});
console.log(`listening on ${registry.host}.`);
