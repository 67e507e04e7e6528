/** `config --resolve-image-digests` and `--lock-image-digests`: digests are the engine's answers. */
import { afterAll, expect, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HAKO, run } from "../harness.ts";
import { scratchFolder } from "../scratch.ts";

const folder = scratchFolder();
const digest = `sha256:${"a".repeat(64)}`;
const asked: string[] = [];
const engine = Bun.serve({
  unix: join(folder, "s"),
  fetch(request) {
    const path = decodeURIComponent(new URL(request.url).pathname).replace(/^\/v[\d.]+/, "");
    asked.push(path);
    if (path.includes("missing")) return Response.json({ message: "manifest unknown" }, { status: 404 });
    return path.startsWith("/distribution/") ? Response.json({ Descriptor: { mediaType: "application/vnd.oci.image.index.v1+json", digest, size: 1 }, Platforms: [] }) : new Response("OK", { headers: { "Api-Version": "1.51" } });
  },
});
afterAll(async () => {
  await engine.stop(true);
  rmSync(folder, { recursive: true, force: true });
});

const known = `sha256:${"b".repeat(64)}`;
writeFileSync(join(folder, "compose.yaml"), `name: app\nservices:\n  a: {image: alpine, network_mode: none}\n  b: {image: "host.example:5000/x/y:1", network_mode: none}\n  c: {image: "alpine:3@${known}", network_mode: none}\n`);
writeFileSync(join(folder, "missing.yaml"), "services: {a: {image: missing}}\n");

const config = (...words: string[]) => run([HAKO, "-H", `unix://${join(folder, "s")}`, "compose", ...words]);

test("images are pinned to what their registry has now", async () => {
  const { stdout } = await config("-f", join(folder, "compose.yaml"), "config", "--lock-image-digests");
  expect(stdout).toBe(`services:\n  a:\n    image: docker.io/library/alpine:latest@${digest}\n  b:\n    image: host.example:5000/x/y:1@${digest}\n  c:\n    image: docker.io/library/alpine@${known}\n`);
  expect(asked.filter((path) => path.startsWith("/distribution/")).toSorted()).toEqual(["/distribution/docker.io/library/alpine:latest/json", "/distribution/host.example:5000/x/y:1/json"]);
  expect((await config("-f", join(folder, "compose.yaml"), "config", "--resolve-image-digests")).stdout).toContain(`network_mode: none`);
});

test("an image that there is not fails by its name", async () => {
  const { code, stderr } = await config("-f", join(folder, "missing.yaml"), "config", "--resolve-image-digests");
  expect({ code, stderr }).toEqual({ code: 1, stderr: "failed to resolve digest for docker.io/library/missing:latest: Error response from daemon: manifest unknown\n" });
});
