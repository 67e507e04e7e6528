/** Images to and from registries, by the command line and the API. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { inProcessCompressor, readable } from "../../src/archive/mod.ts";
import { file, layerOf, legacyArchive, testImage } from "../image/archives.ts";
import { BUSYBOX, run, startEngine, type TestEngine } from "../harness.ts";
import { scratchFolder } from "../scratch.ts";
import { ownRegistry, slowRegistry, type Beside } from "./registry-processes.ts";
import { until } from "../until.ts";

const folderOf = (engine: TestEngine, name: string): string[] => readdirSync(join(engine.dataRoot, name));

function partialBytes(engine: TestEngine): number {
  const folder = join(engine.dataRoot, "content/partial");
  return readdirSync(folder).reduce((sum, name) => sum + (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0), 0);
}

/** An archive of one file that cannot be made smaller. */
async function noiseTar(megabytes: number): Promise<string> {
  const path = join(scratchFolder(), "noise.tar");
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, layerOf(file("noise", randomBytes(megabytes << 20))));
  return path;
}

async function packedDigest(layer: Uint8Array): Promise<string> {
  const hasher = new Bun.CryptoHasher("sha256");
  const source = async function* (): AsyncGenerator<Uint8Array> { yield layer; };
  for await (const piece of inProcessCompressor().gzip(async () => readable(source()), new AbortController().signal)) hasher.update(piece);
  return `sha256:${hasher.digest("hex")}`;
}

describe("with a registry of ours", () => {
  let engine: TestEngine;
  let registry: Beside;
  beforeAll(async () => {
    engine = await startEngine();
    registry = await ownRegistry(engine);
  });
  afterAll(async () => {
    await registry[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
  });

  test("push, rmi, pull, run: digests and words are Docker's", async () => {
    const name = `${registry.host}/team/box`;
    await engine.ok("tag", BUSYBOX, `${name}:1`);
    const pushed = await engine.ok("push", `${name}:1`);
    expect(pushed).toMatch(new RegExp(`^The push refers to repository \\[${name}\\]\n[0-9a-f]{12}: Preparing\n[0-9a-f]{12}: Pushed\n1: digest: sha256:[0-9a-f]{64} size: \\d+$`));
    const digest = /sha256:[0-9a-f]{64}/.exec(pushed)?.[0] ?? "";
    const id = await engine.ok("images", "-q", "--no-trunc", `${name}:1`);
    expect(await engine.ok("push", `${name}:1`)).toContain("Layer already exists");
    expect(await engine.ok("images", "--digests", "--format", "{{.Digest}}", name)).toBe(digest);
    await engine.ok("rmi", `${name}:1`, BUSYBOX);
    const pulled = await engine.ok("pull", `${name}:1`);
    expect(pulled).toMatch(new RegExp(`^1: Pulling from team/box\n([0-9a-f]{12}): Pulling fs layer\n(?:\\1: [A-Z][a-z ]+(?:Checksum)?\n)+Digest: ${digest}\nStatus: Downloaded newer image for ${name}:1\n${name}:1$`));
    expect(pulled).toContain(": Pull complete\n");
    expect(await engine.ok("pull", `${name}:1`)).toBe(`1: Pulling from team/box\nDigest: ${digest}\nStatus: Image is up to date for ${name}:1\n${name}:1`);
    expect(await engine.ok("images", "-q", "--no-trunc", `${name}:1`)).toBe(id);
    expect(await engine.ok("run", "--rm", "--network", "none", `${name}@${digest}`, "echo", "hi")).toBe("hi");
    await engine.ok("tag", `${name}:1`, BUSYBOX);
    const events = await engine.ok("events", "--since", "1h", "--until", "0s", "--filter", "type=image", "--filter", "event=pull", "--format", "{{.Actor.ID}} {{.Actor.Attributes.name}}");
    expect(events.split("\n")[0]).toBe(`${name}:1 ${name}`);
  });

  test("all tags, quietly, by digest, and for a container", async () => {
    const name = `${registry.host}/many`;
    for (const tag of ["a", "b"]) await engine.ok("tag", BUSYBOX, `${name}:${tag}`);
    expect(await engine.ok("push", "-a", "-q", name)).toBe(name);
    await engine.ok("rmi", `${name}:a`, `${name}:b`);
    const { stdout } = await engine.hako("pull", "-a", name);
    expect(stdout.split("\n").filter((line) => /^[ab]: Pulling from many$/.test(line))).toEqual(["a: Pulling from many", "b: Pulling from many"]);
    expect((await engine.ok("images", "--format", "{{.Tag}}", name)).split("\n").sort()).toEqual(["a", "b"]);
    await engine.ok("rmi", `${name}:a`, `${name}:b`);
    const { stdout: output, stderr } = await engine.hako("run", "--rm", "--network", "none", `${name}:b`, "echo", "hi");
    expect([output, stderr.split("\n")[0]]).toEqual(["hi\n", `Unable to find image '${name}:b' locally`]);
    expect(stderr).toContain(`Status: Downloaded newer image for ${name}:b\n`);
    expect(await engine.ok("pull", "-q", `${name}:a`)).toBe(`${name}:a`);
  });

  test("what is not there is said before the stream begins, what goes wrong later in it", async () => {
    const missing = await engine.api("POST", `/images/create?fromImage=${registry.host}/none&tag=1`);
    expect([missing.status, ((await missing.json()) as { message: string }).message]).toEqual([404, expect.stringMatching(/^(?:repository|manifest for) .*none.* not found/)]);
    const push = await engine.api("POST", `/images/${registry.host}/none/push?tag=1`);
    expect([push.status, await push.text()]).toEqual([200, expect.stringContaining(`"error":"An image does not exist locally with the tag: ${registry.host}/none"`)]);
    const { code, stderr } = await engine.hako("pull", "-a", `${registry.host}/none:1`);
    expect([code, stderr]).toEqual([1, "tag can't be used with --all-tags/-a\n"]);
    expect((await engine.hako("pull", `${registry.host}/UP`)).stderr).toContain("must be lowercase");
  });

  test("an engine that is killed in the middle of a push leaves nothing, and the next push goes through", async () => {
    const name = `${registry.host}/killed:1`;
    await engine.importTar(await noiseTar(6), name);
    const before = { blobs: folderOf(engine, "content/blobs/sha256"), layers: folderOf(engine, "layers") };
    // It takes the connection, and nothing more.
    registry.signal("SIGSTOP");
    using pushing = engine.live("push", name);
    await pushing.until(/Preparing/);
    await engine.restart();
    await pushing.exited;
    expect({ blobs: folderOf(engine, "content/blobs/sha256"), layers: folderOf(engine, "layers"), ingest: folderOf(engine, "content/ingest") }).toEqual({ ...before, ingest: [] });
    registry.signal("SIGCONT");
    expect(await engine.ok("push", name)).toContain(": Pushed\n");
    await engine.ok("rmi", name);
    await engine.ok("pull", "-q", name);
  }, 120_000);

  test("layers are packed the same way by helpers as by anybody, several at once, and nothing but the content counts", async () => {
    const layers = Array.from({ length: 5 }, (_, index) => layerOf(file(`noise-${index}`, randomBytes(1_500_000)), file(`text-${index}`, Buffer.alloc(2_000_000, `text ${index} `)), file(`end-${index}`, randomBytes(70_000 * index))));
    const name = `${registry.host}/packed:1`;
    const archive = join(scratchFolder(), "packed.tar");
    mkdirSync(dirname(archive), { recursive: true });
    writeFileSync(archive, legacyArchive(testImage(layers, [name])));
    await engine.ok("load", "-q", "-i", archive);
    await engine.ok("push", "-q", name);
    const { layers: sent } = JSON.parse((await engine.inNetwork("curl", "-s", "-H", "Accept: application/vnd.oci.image.manifest.v1+json", `http://${registry.host}/v2/packed/manifests/1`)).stdout) as { layers: { digest: string }[] };
    expect(sent.map(({ digest }) => digest)).toEqual(await Promise.all(layers.map(packedDigest)));
    await engine.ok("rmi", name);
    await engine.ok("pull", "-q", name);
    await engine.ok("rmi", name);
  }, 60_000);

  test("in a terminal each layer has a line, drawn anew", async () => {
    await engine.ok("tag", BUSYBOX, `${registry.host}/drawn:1`);
    const live = engine.terminal("push", `${registry.host}/drawn:1`);
    expect(await live.exitCode()).toBe(0);
    expect(live.output).toMatch(/\x1b\[1A\x1b\[2K\r[0-9a-f]{12}: (?:Pushed|Mounted from [^\r]+|Layer already exists)\x1b\[1B\r/);
  });
});

describe("when it is cut", () => {
  test("an engine that is killed goes on where it was, and leaves nothing else", async () => {
    await using engine = await startEngine({ busybox: false });
    await using registry = await slowRegistry(engine, 12, 8);
    const before = { blobs: folderOf(engine, "content/blobs/sha256"), layers: folderOf(engine, "layers") };
    using pulling = engine.live("pull", `${registry.host}/slow:1`);
    await until(() => partialBytes(engine) >= 4 << 20, "some of the layer");
    await engine.restart();
    await pulling.exited;
    expect({ blobs: folderOf(engine, "content/blobs/sha256"), layers: folderOf(engine, "layers") }).toEqual(before);
    expect(folderOf(engine, "content/ingest")).toEqual([]);
    const kept = partialBytes(engine);
    expect(kept).toBeGreaterThanOrEqual(4 << 20);
    await engine.ok("pull", `${registry.host}/slow:1`);
    expect(registry.output()).toContain(`bytes=${kept}-`);
    expect(folderOf(engine, "content/partial")).toEqual([]);
    expect(folderOf(engine, "layers")).toHaveLength(before.layers.length + 1);
  }, 120_000);

  test("a client that goes away ends the download", async () => {
    await using engine = await startEngine({ busybox: false });
    await using registry = await slowRegistry(engine, 12, 4);
    const pulling = engine.live("pull", `${registry.host}/slow:1`);
    await until(() => partialBytes(engine) >= 2 << 20, "some of the layer");
    pulling.signal("SIGKILL");
    await pulling.exited;
    await until(() => folderOf(engine, "layers").length === 1, "the layer's folder to go");
    const { code, stdout } = await engine.hako("pull", `${registry.host}/slow:1`);
    expect([code, stdout]).toEqual([0, expect.stringContaining("Pull complete")]);
    expect(registry.output()).toMatch(/bytes=\d+-/);
  }, 120_000);

  test("a full disk: the sentence names image, layer and cause, and the space comes back", async () => {
    const disk = join(scratchFolder(), "full");
    const dataRoot = join(disk, "data");
    mkdirSync(disk, { recursive: true });
    expect((await run(["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", disk])).code).toBe(0);
    mkdirSync(dataRoot);
    try {
      await using engine = await startEngine({ busybox: false, dataRoot });
      await using registry = await slowRegistry(engine, 80, 400);
      const { code, stderr } = await engine.hako("pull", `${registry.host}/slow:1`);
      expect([code, stderr]).toEqual([1, expect.stringMatching(new RegExp(`cannot pull ${registry.host}/slow:1: layer [0-9a-f]{12}: no space left on the disk`))]);
      await until(() => folderOf(engine, "layers").length === 1 && folderOf(engine, "content/partial").length === 0, "the space to come back");
      expect(await engine.ok("images", "-q", "--filter", "reference=*/slow")).toBe("");
      expect(existsSync(join(dataRoot, "hako.db"))).toBe(true);
    } finally {
      await run(["umount", "-l", disk]);
    }
  }, 120_000);
});
