/** What is known of steps goes along in registries and folders, and images come in folders. */
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BUSYBOX, startEngine, type TestEngine } from "../harness.ts";

const REGISTRY = "127.0.0.1:5000";
let engine: TestEngine;
let folder: string;
beforeAll(async () => {
  engine = await startEngine();
  folder = join(engine.runRoot, "project");
  mkdirSync(folder);
  writeFileSync(join(folder, "Dockerfile"), `FROM ${BUSYBOX} AS made\nRUN echo one > /one\nCOPY f /f\nRUN cat /one /f > /two\nFROM scratch AS result\nCOPY --from=made /two /two\n`);
  writeFileSync(join(folder, "f"), "content\n");
  await engine.ok("registry", "start");
}, 120_000);
afterAll(async () => {
  await engine.ok("registry", "stop");
  await engine[Symbol.asyncDispose]();
}, 120_000);
beforeEach(async () => {
  await engine.api("POST", "/build/prune?all=true");
});

const build = async (...args: string[]): Promise<string> => {
  const { code, stderr } = await engine.hako("build", "--progress", "plain", ...args, folder);
  expect([code, stderr]).toEqual([0, stderr]);
  return stderr;
};
const forget = async (): Promise<void> => {
  await engine.ok("image", "prune", "-f");
  await engine.api("POST", "/build/prune?all=true");
};
/** Names of the steps that came from a cache. */
const cached = (stderr: string): string[] => [...stderr.matchAll(/^#(\d+) \[([^\]]+)\] .*\n#\1 CACHED/gm)].map(([, , name = ""]) => name).sort();
const STEPS = ["made 1/4", "made 2/4", "made 3/4", "made 4/4", "result 1/1"];

test("a folder with the steps of all stages", async () => {
  const cache = join(folder, "..", "cache");
  await build("--cache-to", `type=local,dest=${cache},mode=max`);
  expect(readdirSync(cache)).toContain("oci-layout");
  await forget();
  expect(cached(await build("--cache-from", `type=local,src=${cache}`))).toEqual(STEPS);
  expect((await engine.ok("image", "ls", "-q", "--filter", "dangling=true")).split("\n").length).toBe(1);
  const none = await build("--cache-from", "type=local,src=/nonexistent");
  expect(none).toContain("WARNING: local cache import at /nonexistent not found due to err: ");
});

test("the classic form of the API takes steps of images that are here, and brings none", async () => {
  await build("--target", "made", "--cache-to", "type=inline", "-t", `${REGISTRY}/classic:1`, "--push");
  const classic = async (): Promise<string> => {
    const tar = Bun.spawn(["tar", "-C", folder, "-c", "Dockerfile", "f"], { stdout: "pipe" });
    const query = new URLSearchParams({ cachefrom: JSON.stringify([`${REGISTRY}/classic:1`]), target: "made" });
    return await (await fetch(`http://localhost/v1.51/build?${query}`, { method: "POST", unix: engine.socket, body: await new Response(tar.stdout).arrayBuffer(), headers: { "Content-Type": "application/x-tar" } })).text();
  };
  expect(await classic()).toContain("Using cache");
  await engine.ok("image", "rm", "-f", `${REGISTRY}/classic:1`);
  await forget();
  const text = await classic();
  expect(text).toContain("Successfully built");
  expect(text).not.toContain("Using cache");
  expect(await engine.ok("image", "ls", "-q", `${REGISTRY}/classic`)).toBe("");
});

test("mode=min keeps the target's steps alone", async () => {
  const cache = join(folder, "..", "least");
  await build("--cache-to", `type=local,dest=${cache}`);
  await forget();
  expect(cached(await build("--cache-from", `type=local,src=${cache}`))).toEqual(["made 1/4", "result 1/1"]);
});

test("a registry with the steps of all stages, and of several platforms", async () => {
  const ref = `${REGISTRY}/caches:all`;
  await build("--cache-to", `type=registry,ref=${ref},mode=max`);
  await forget();
  expect(cached(await build("--cache-from", ref))).toEqual(STEPS);
  expect(await engine.ok("image", "ls", "-q", `${REGISTRY}/caches`)).toBe("");
  writeFileSync(join(folder, "Two"), "FROM scratch\nARG TARGETARCH\nCOPY f /$TARGETARCH\n");
  const two = ["--platform", "linux/amd64,linux/arm64", "-f", join(folder, "Two")];
  await build(...two, "--cache-to", `type=registry,ref=${REGISTRY}/caches:two`);
  await forget();
  expect(cached(await build(...two, "--cache-from", `type=registry,ref=${REGISTRY}/caches:two`))).toEqual(["linux/amd64 1/1", "linux/arm64 1/1"]);
}, 120_000);

test("a damaged cache is told and does no harm", async () => {
  const ref = `${REGISTRY}/caches:broken`;
  await build("--cache-to", `type=registry,ref=${ref},mode=max`);
  await forget();
  // Every layer that the registry has is another file now.
  const blobs = join(engine.dataRoot, "registry/content/blobs/sha256");
  let spoilt = 0;
  for (const { name, parentPath } of readdirSync(blobs, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())) {
    const path = join(parentPath, name);
    const bytes = readFileSync(path);
    if (bytes[0] === 0x7b || bytes.length < 20) continue;
    bytes.fill(0x41, 10, 20);
    writeFileSync(path, bytes);
    spoilt++;
  }
  expect(spoilt).toBeGreaterThan(0);
  const stderr = await build("--cache-from", ref);
  expect(stderr).toMatch(/importing cache manifest from .*caches:broken\n(#.*\n)*?#\d+ ERROR: /);
  expect(cached(stderr)).toEqual(["made 1/4"]);
}, 120_000);

test("a cache that BuildKit wrote is told and ignored", async () => {
  const layout = join(folder, "..", "foreign");
  const put = (mediaType: string, content: object): { mediaType: string; digest: string; size: number } => {
    const text = JSON.stringify(content);
    const digest = new Bun.CryptoHasher("sha256").update(text).digest("hex");
    mkdirSync(join(layout, "blobs/sha256"), { recursive: true });
    writeFileSync(join(layout, "blobs/sha256", digest), text);
    return { mediaType, digest: `sha256:${digest}`, size: text.length };
  };
  const manifestOf = (config: object): object => put("application/vnd.oci.image.manifest.v1+json", { schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json", config, layers: [] });
  const write = (manifests: readonly object[]): void => {
    writeFileSync(join(layout, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
    writeFileSync(join(layout, "index.json"), JSON.stringify({ schemaVersion: 2, manifests }));
  };
  const config = put("application/vnd.buildkit.cacheconfig.v0", { layers: [], records: [] });
  write([put("application/vnd.oci.image.index.v1+json", { schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests: [config] })]);
  const words = "BuildKit wrote this cache, whose keys say nothing to this engine: it is ignored";
  expect(await build("--cache-from", `type=local,src=${layout}`)).toContain(words);
  write([manifestOf(config)]);
  expect(await build("--cache-from", `type=local,src=${layout}`)).toContain(words);
  write([manifestOf(put("application/vnd.oci.image.config.v1+json", { architecture: "amd64", os: "linux", "moby.buildkit.cache.v0": "e30=", config: {}, rootfs: { type: "layers", diff_ids: [] } }))]);
  expect(await build("--cache-from", `type=local,src=${layout}`)).toContain("BuildKit's keys say nothing to this engine: the cache is ignored");
  write([{ mediaType: "x", digest: "sha256:no", size: 1 }]);
  expect(await build("--cache-from", `type=local,src=${layout}`)).toMatch(/importing cache manifest from local:.*\n#\d+ .*ERROR|#\d+ ERROR: /);
});

test("caches of services, and what is no cache, are refused in words", async () => {
  const failure = async (...args: string[]): Promise<string> => (await engine.hako("build", ...args, folder)).stderr;
  for (const type of ["gha", "s3", "azblob"]) {
    expect(await failure("--cache-to", `type=${type}`)).toContain(`a cache of type ${type} is kept by a service that this engine does not speak to: use type=registry`);
    expect(await failure("--cache-from", `type=${type}`)).toContain(`a cache of type ${type} is kept by a service`);
  }
  expect(await failure("--cache-to", "type=local")).toContain("ERROR: failed to build: local cache exporter requires dest");
  expect(await failure("--cache-to", "type=nowhere")).toContain('unknown cache exporter: "nowhere"');
  expect(await failure("--cache-to", "type=inline,mode=most")).toContain("invalid cache export mode: most");
});

test("an image in a folder takes the place of a base", async () => {
  const layout = join(folder, "..", "layout");
  writeFileSync(join(folder, "Base"), `FROM ${BUSYBOX}\nENV FROM_LAYOUT=yes\nRUN echo of the layout > /mark\n`);
  await build("-f", join(folder, "Base"), "-t", "base:v1", "-o", `type=oci,tar=false,dest=${layout}`);
  await forget();
  writeFileSync(join(folder, "Top"), "FROM nothing/here AS top\nRUN echo $FROM_LAYOUT > /env\nFROM top\nCOPY --from=nothing/here /mark /copy\n");
  const context = (version: string): string[] => ["-f", join(folder, "Top"), "--build-context", `nothing/here=oci-layout://${layout}${version}`];
  await build(...context(":v1"), "-t", "top");
  expect(await engine.ok("run", "--rm", "top", "cat", "/env", "/copy")).toBe("yes\nof the layout");
  const { manifests: [{ digest } = { digest: "" }] } = JSON.parse(readFileSync(join(layout, "index.json"), "utf8")) as { manifests: { digest: string }[] };
  await build(...context(`@${digest}`));
  const refused = async (version: string): Promise<string> => (await engine.hako("build", ...context(version), folder)).stderr;
  expect(await refused(":v2")).toContain("v2: not found in the OCI layout");
  expect(await refused("/none")).toContain("failed to get build context nothing/here: could not read");
  rmSync(join(layout, "blobs", digest.replace(":", "/")));
  expect(await refused(":v1")).toMatch(/ERROR: failed to build: failed to solve: .*not in it/);
  expect(existsSync(layout)).toBe(true);
}, 120_000);
