/**
 * Our registry server beside docker-registry, both in the network of a box that has docker-registry and wrk, in turn. Processor time, which others on
 * the machine hardly touch, is measured with it. docker-registry answers a push before the disk has it, ours after.
 *
 *   --box PROGRAM   runs `sh COMMAND` in the box
 *   --seconds N     of each measurement (default 5)
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { HAKO, Live, run } from "../test/harness.ts";
import { scratchFolder } from "../test/scratch.ts";
import { median } from "./median.ts";
import { processorTime } from "./processor-time.ts";

const { values: flags } = parseArgs({ args: process.argv.slice(2), options: { box: { type: "string" }, seconds: { type: "string", default: "5" } } });
const box = flags.box ?? "";
const ROUNDS = 5;
const PUSHES = 7;
const SMALL_BLOBS = 60;
const SMALL_BYTES = 10_000;
const LAYERS = 5;
const LAYER_BYTES = 20_000_000;
const BLOB_BYTES = 100_000_000;
const MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";

interface Side {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
}

async function inBox(command: string): Promise<string> {
  const { code, stdout, stderr } = await run([box, "sh", command], { timeoutMs: 300_000 });
  if (code !== 0) throw new Error(`${command}: ${stdout}${stderr}`);
  return stdout;
}

function pidOf(words: string): number {
  const found = readdirSync("/proc").find((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ").startsWith(words);
    } catch {
      return false; // it ended while we looked
    }
  });
  if (found === undefined) throw new Error(`${words} is not running`);
  return Number(found);
}

/** Most that the process has held, in MB. */
const peakMB = (pid: number): number => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;

const netns = `/proc/${pidOf("dockerd --storage-driver")}/ns/net`;
const folder = scratchFolder();
/** As the box sees it: its root is below that of its processes. */
const boxRoot = `/proc/${pidOf("dockerd --storage-driver")}/root`;
const boxFolder = `/tmp/hk-bench-${process.pid}`;
const digestOf = (bytes: Uint8Array | string): string => `sha256:${new Bun.CryptoHasher("sha256").update(bytes).digest("hex")}`;

async function curl(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(["nsenter", `--net=${netns}`, "--", "curl", "-sS", "--fail", ...words], { timeoutMs: 60_000 });
  if (code !== 0) throw new Error(`curl ${words.join(" ")}: ${stderr}`);
  return stdout;
}

/** Where an upload's bytes go, with the digest that they must have. */
async function beginPush(side: Side, digest: string): Promise<string> {
  const head = await curl("-i", "-X", "POST", `${side.url}/v2/bench/blobs/uploads/`);
  const location = new URL(/^location: (\S+)/im.exec(head)?.[1] ?? "", side.url);
  location.searchParams.set("digest", digest);
  return location.href;
}

const put = (path: string, url: string): string[] => ["-X", "PUT", "-H", "Content-Type: application/octet-stream", "-T", path, url];

/** @returns milliseconds. What others, and the pushes before, have left to write is written first. */
async function push(side: Side, path: string, digest: string): Promise<number> {
  const url = await beginPush(side, digest);
  await run(["sync", "-f", path], { timeoutMs: 60_000 });
  const beganMs = performance.now();
  await curl(...put(path, url));
  return performance.now() - beganMs;
}

/** Small layers, each of which is begun and ended, over one connection. @returns milliseconds */
async function pushMany(side: Side): Promise<number> {
  const transfers: string[][] = [];
  for (let count = 0; count < SMALL_BLOBS; count++) {
    const path = join(folder, `small-${count}`);
    const content = randomBytes(SMALL_BYTES);
    writeFileSync(path, content);
    transfers.push(put(path, await beginPush(side, digestOf(content))));
  }
  const beganMs = performance.now();
  await curl(...transfers.flatMap((words, i) => (i === 0 ? words : ["--next", "-sS", "--fail", ...words])));
  return performance.now() - beganMs;
}

/** An OCI layout of an image of noise, where the box sees it. */
function writeImage(): void {
  const blobs = join(boxRoot, boxFolder, "image/blobs/sha256");
  rmSync(join(boxRoot, boxFolder, "image"), { recursive: true, force: true });
  mkdirSync(blobs, { recursive: true });
  const blob = (mediaType: string, content: Uint8Array | string) => {
    const digest = digestOf(content);
    writeFileSync(join(blobs, digest.slice("sha256:".length)), content);
    return { mediaType, digest, size: content.length };
  };
  const layers = Array.from({ length: LAYERS }, () => blob("application/vnd.oci.image.layer.v1.tar", randomBytes(LAYER_BYTES)));
  const config = blob("application/vnd.oci.image.config.v1+json", JSON.stringify({ architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => digest) } }));
  const manifest = blob(MANIFEST_TYPE, JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST_TYPE, config, layers }));
  writeFileSync(join(boxRoot, boxFolder, "image/oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  writeFileSync(join(boxRoot, boxFolder, "image/index.json"), JSON.stringify({ schemaVersion: 2, manifests: [manifest] }));
}

/** The whole of an image, layers beside each other, by another's client. @returns milliseconds */
async function pushImage(side: Side): Promise<number> {
  await run(["sync", "-f", folder], { timeoutMs: 60_000 });
  const beganMs = performance.now();
  await inBox(`skopeo copy -q --insecure-policy --dest-tls-verify=false oci:${boxFolder}/image docker://${new URL(side.url).host}/bench:image`);
  return performance.now() - beganMs;
}

async function wrk(url: string): Promise<{ perSecond: number; mbPerSecond: number }> {
  const text = await inBox(`wrk -t2 -c16 -d${flags.seconds} -H 'Accept: ${MANIFEST_TYPE}' ${url}`);
  if (/Non-2xx/.test(text)) throw new Error(text);
  const transfer = /Transfer\/sec:\s+([\d.]+)(\w+)/.exec(text);
  const unit = { KB: 1e-3, MB: 1, GB: 1e3 }[transfer?.[2] ?? ""] ?? 1;
  return { perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1]), mbPerSecond: Number(transfer?.[1]) * unit };
}

const measured = new Map<string, Map<string, number[]>>();
function note(measure: string, side: Side, value: number): void {
  const sides = measured.get(measure) ?? new Map<string, number[]>();
  measured.set(measure, sides);
  sides.set(side.name, [...(sides.get(side.name) ?? []), value]);
}

mkdirSync(join(boxRoot, boxFolder), { recursive: true });
writeFileSync(join(boxRoot, boxFolder, "config.yml"), `version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: ${boxFolder}/data}, cache: {blobdescriptor: inmemory}}\nhttp: {addr: "127.0.0.1:5892"}\n`);
const ours = Live.spawn(["nsenter", `--net=${netns}`, "--", HAKO, "registry", "serve", "--addr", "127.0.0.1:5891", "--root", join(folder, "data"), "--access-log", join(folder, "access.log"), "--ready-fd", "1"]);
const theirs = Live.spawn([box, "sh", `exec docker-registry serve ${boxFolder}/config.yml`]);
try {
  await ours.until(/^ready$/m);
  const sides: Side[] = [];
  for (const [name, port, words] of [["hako", 5891, `${HAKO} registry serve --addr 127.0.0.1:5891`], ["docker-registry", 5892, `docker-registry serve ${boxFolder}`]] as const) {
    const url = `http://127.0.0.1:${port}`;
    await run(["nsenter", `--net=${netns}`, "--", "curl", "-s", "--retry", "20", "--retry-connrefused", "--retry-delay", "1", `${url}/v2/`]);
    sides.push({ name, url, pid: pidOf(words) });
  }
  const path = join(folder, "blob");
  const bytes = randomBytes(BLOB_BYTES);
  writeFileSync(path, bytes);
  const config = join(folder, "config");
  writeFileSync(config, "{}");
  const manifest = join(folder, "manifest");
  const described = [{ mediaType: "application/vnd.oci.image.config.v1+json", digest: digestOf("{}"), size: 2 }, { mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest: digestOf(bytes), size: bytes.length }];
  writeFileSync(manifest, JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST_TYPE, config: described[0], layers: described.slice(1) }));
  for (let round = 0; round < PUSHES; round++) {
    const once = join(folder, "once");
    const content = randomBytes(BLOB_BYTES);
    writeFileSync(once, content);
    writeImage();
    for (const side of round % 2 ? sides.toReversed() : sides) {
      const before = processorTime(side.pid).own;
      note("push of 100 MB, ms", side, await push(side, once, digestOf(content)));
      note("— processor time, ms", side, (processorTime(side.pid).own - before) * 1000);
      note("push of 60 blobs of 10 kB, ms", side, await pushMany(side));
      note("skopeo pushes 5 layers of 20 MB, ms", side, await pushImage(side));
    }
  }
  for (const side of sides) {
    await push(side, path, digestOf(bytes));
    await push(side, config, "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
    await curl("-X", "PUT", "-H", `Content-Type: ${MANIFEST_TYPE}`, "--data-binary", `@${manifest}`, `${side.url}/v2/bench/manifests/v1`);
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const side of round % 2 ? sides.toReversed() : sides) {
      note("manifests by tag, requests/s", side, (await wrk(`${side.url}/v2/bench/manifests/v1`)).perSecond);
      const before = processorTime(side.pid).own;
      const { mbPerSecond } = await wrk(`${side.url}/v2/bench/blobs/${digestOf(bytes)}`);
      note("100 MB blobs, MB/s", side, mbPerSecond);
      note("— processor time per GB, ms", side, ((processorTime(side.pid).own - before) * 1000) / ((mbPerSecond * Number(flags.seconds)) / 1000));
    }
  }
  for (const side of sides) note("memory, most, MB", side, peakMB(side.pid));
  console.log(`${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores, 16 connections, medians of ${ROUNDS}\n\n| measure | hako | docker-registry | ratio |\n| --- | --- | --- | --- |`);
  for (const [measure, values] of measured) {
    const [mine = 0, other = 0] = sides.map(({ name }) => median(values.get(name) ?? []));
    console.log(`| ${measure} | ${mine.toFixed(0)} | ${other.toFixed(0)} | ${(mine / other).toFixed(2)} |`);
  }
} finally {
  for (const server of [ours, theirs]) {
    server.signal("SIGTERM");
    await server.exited;
  }
  rmSync(folder, { recursive: true, force: true });
  rmSync(join(boxRoot, boxFolder), { recursive: true, force: true });
}
