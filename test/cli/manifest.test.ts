/** Manifest lists, made by the command line alone, at a registry of ours. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { digestOf, DOCKER_MANIFEST, INDEX, MANIFEST, TestRegistry } from "../registry/serving.ts";
import { scratchFolder } from "../scratch.ts";

const MAIN = join(import.meta.dir, "../../src/cli/main.ts");
const folder = scratchFolder();
const config = join(folder, "config");
const registry = new TestRegistry(join(folder, "registry"), {}, false);
const host = new URL(registry.url).host;
let program: string[] = [process.execPath, MAIN];

async function manifest(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = Bun.spawn([...program, "--config", config, "manifest", ...args], { stdout: "pipe", stderr: "pipe", env: { PATH: Bun.env["PATH"] ?? "" } });
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, stdout, stderr };
}

async function blob(repository: string, bytes: string): Promise<{ digest: string; size: number }> {
  return { digest: await registry.pushBlob(repository, bytes), size: bytes.length };
}

async function image(repository: string, tag: string, platform: object, mediaType = DOCKER_MANIFEST): Promise<string> {
  const oci = mediaType === MANIFEST;
  const config = { mediaType: oci ? "application/vnd.oci.image.config.v1+json" : "application/vnd.docker.container.image.v1+json", ...(await blob(repository, JSON.stringify({ ...platform, rootfs: { type: "layers", diff_ids: [] } }))) };
  const layer = { mediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip", ...(await blob(repository, `layer of ${tag}`)) };
  const bytes = JSON.stringify({ schemaVersion: 2, mediaType, config, layers: [layer] });
  expect((await registry.send("PUT", `${repository}/manifests/${tag}`, { body: bytes, headers: { "Content-Type": mediaType } })).status).toBe(201);
  return digestOf(bytes);
}

let amd64 = "";
let arm = "";
beforeAll(async () => {
  amd64 = await image("app", "amd64", { os: "linux", architecture: "amd64" });
  await image("app", "arm64", { os: "linux", architecture: "arm64", variant: "v8" });
  arm = await image("other", "arm", { os: "linux", architecture: "arm" });
  await image("oci", "a", { os: "linux", architecture: "amd64" }, MANIFEST);
});
afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

test("a list is made, annotated, shown, pushed and removed, in docker's words", async () => {
  const list = `${host}/app:list`;
  expect(await manifest("create", list, `${host}/app:amd64`, `${host}/app:arm64`, `${host}/other:arm`)).toEqual({ code: 0, stdout: `Created manifest list ${list}\n`, stderr: "" });
  expect(readdirSync(join(config, "manifests", list.replaceAll(":", "-").replaceAll("/", "_"))).sort()).toEqual(["app-amd64", "app-arm64", "other-arm"].map((name) => `${host.replace(":", "-")}_${name}`));
  expect(await manifest("create", list, `${host}/app:amd64`)).toEqual({ code: 1, stdout: "", stderr: "refusing to amend an existing manifest list with no --amend flag\n" });
  expect((await manifest("annotate", "--os", "plan8", list, `${host}/other:arm`)).stderr).toBe("manifest entry for image has unsupported os/arch combination: plan8/\n");
  expect((await manifest("annotate", list, `${host}/nope:1`)).stderr).toBe(`manifest for image ${host}/nope:1 does not exist in ${list}\n`);
  expect(await manifest("annotate", "--variant", "v7", "--os-features", "a,b", list, `${host}/other:arm`)).toEqual({ code: 0, stdout: "", stderr: "" });
  const shown = (await manifest("inspect", list)).stdout;
  expect(JSON.parse(shown)).toMatchObject({ mediaType: "application/vnd.docker.distribution.manifest.list.v2+json", manifests: [{ digest: amd64, platform: { architecture: "amd64", os: "linux" } }, { platform: { variant: "v8" } }, { digest: arm, platform: { variant: "v7", "os.features": ["a", "b"] } }] });
  const pushed = await manifest("push", "--purge", list);
  expect(pushed).toEqual({ code: 0, stdout: `Pushed ref ${host}/app@${arm} with digest: ${arm}\n${digestOf(shown.trimEnd())}\n`, stderr: "" });
  expect((await manifest("push", list)).stderr).toBe(`No such manifest: ${list}\n`);
  expect((await manifest("inspect", list)).stdout).toBe(shown);
  expect(JSON.parse((await manifest("inspect", "-v", list)).stdout)[0]).toMatchObject({ Ref: `${list}@${amd64}`, Descriptor: { digest: amd64 }, SchemaV2Manifest: { schemaVersion: 2 } });
  expect((await manifest("create", `${host}/x`, list)).stderr).toBe(`${list} is a manifest list\n`);
});

test("what is not there, and what is no name", async () => {
  expect((await manifest("inspect", `${host}/app:nosuch`)).stderr).toBe(`no such manifest: ${host}/app:nosuch\n`);
  expect(await manifest("rm", `${host}/x`, `${host}/y:1`)).toEqual({ code: 1, stdout: "", stderr: `No such manifest: ${host}/x:latest\nNo such manifest: ${host}/y:1\n` });
  expect((await manifest("create", "BAD", "x")).stderr).toBe("error parsing name for manifest list BAD: invalid reference format: repository name (library/BAD) must be lowercase\n");
});

test("a list of OCI images is an OCI index", async () => {
  await manifest("create", `${host}/oci:list`, `${host}/oci:a`);
  await manifest("push", `${host}/oci:list`);
  expect((await registry.send("GET", "oci/manifests/list", { headers: { Accept: INDEX } })).headers.get("content-type")).toBe(INDEX);
});

test.skipIf(!Bun.which("docker"))("docker finds the lists that were made here, and the reverse", async () => {
  const list = `${host}/app:both`;
  await manifest("create", list, `${host}/app:amd64`);
  program = ["docker"];
  const theirs = await manifest("inspect", list);
  await manifest("create", "--insecure", "--amend", list, `${host}/app:arm64`);
  program = [process.execPath, MAIN];
  expect(JSON.parse(theirs.stdout)).toMatchObject({ manifests: [{ digest: amd64 }] });
  expect(JSON.parse((await manifest("inspect", list)).stdout).manifests).toHaveLength(2);
  expect(readFileSync(join(config, "manifests", list.replaceAll(":", "-").replaceAll("/", "_"), `${host.replace(":", "-")}_app-amd64`), "utf8")).not.toBe("");
});
