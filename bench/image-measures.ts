/** Images as archives. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { must, timed, type Side } from "./engines.ts";
import type { Measure } from "./measures.ts";

const folder = join(tmpdir(), `hb-images-${process.pid}`);
const FILES = 2000;
const LAYERS = 60;

const cli = (side: Side, ...args: string[]): string[] => [...side.command, ...args];
const archiveOf = (name: string): string => join(folder, `${name}.tar`);

/** An image of one layer with many files; its archive, as the side itself saves it. */
async function prepareLarge(side: Side, megabytes: number): Promise<void> {
  const root = join(folder, "root");
  const bytes = Math.floor((megabytes << 20) / FILES);
  for (let index = 0; index < FILES; index++) {
    mkdirSync(join(root, `d${index % 50}`), { recursive: true });
    const content = new Uint8Array(bytes);
    for (let at = 0; at < bytes; at += 65536) crypto.getRandomValues(content.subarray(at, at + 65536));
    writeFileSync(join(root, `d${index % 50}`, `f${index}`), content);
  }
  await must(["tar", "-C", root, "-cf", archiveOf("root"), "."]);
  await must(cli(side, "import", archiveOf("root"), "hb-large:1"));
  await must(cli(side, "save", "-o", archiveOf("large"), "hb-large:1"));
}

/** An image of sixty layers, the upper ones of one file each. */
async function prepareDeep(side: Side): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await must(["python3", "-c", DEEP, archiveOf("deep"), String(LAYERS)]);
  await must(cli(side, "load", "-i", archiveOf("deep")));
}

const DEEP = `
import tarfile, io, json, hashlib, sys
blobs = {}
def blob(data):
    name = hashlib.sha256(data).hexdigest()
    blobs[name] = data
    return name
def member(archive, name, data):
    info = tarfile.TarInfo(name)
    info.size = len(data)
    archive.addfile(info, io.BytesIO(data))
layers = []
for i in range(int(sys.argv[2])):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive: member(archive, f"d{i}/f", (f"layer {i} " * 3000).encode())
    layers.append(blob(stream.getvalue()))
config = blob(json.dumps({"architecture": "amd64", "os": "linux", "config": {"Cmd": ["true"]}, "rootfs": {"type": "layers", "diff_ids": ["sha256:" + name for name in layers]}}).encode())
with tarfile.open(sys.argv[1], "w") as archive:
    for name, data in blobs.items(): member(archive, "blobs/sha256/" + name, data)
    member(archive, "manifest.json", json.dumps([{"Config": "blobs/sha256/" + config, "RepoTags": ["hb-deep:1"], "Layers": ["blobs/sha256/" + name for name in layers]}]).encode())
`;

async function release(side: Side, name: string): Promise<void> {
  await must(cli(side, "rmi", "-f", `hb-${name}:1`));
  rmSync(folder, { recursive: true, force: true });
}

const saving = async (side: Side, name: string): Promise<number> => await timed(cli(side, "save", "-o", join(folder, "saved.tar"), `hb-${name}:1`));

async function loading(side: Side, name: string): Promise<number> {
  await must(cli(side, "rmi", "-f", `hb-${name}:1`));
  return await timed(cli(side, "load", "-i", archiveOf(name)));
}

/** @param megabytes of the large image */
export function imageMeasures(megabytes: number): Measure[] {
  const large = { prepare: (side: Side) => prepareLarge(side, megabytes), release: (side: Side) => release(side, "large") };
  const deep = { prepare: prepareDeep, release: (side: Side) => release(side, "deep") };
  return [
    { name: `\`save\` of an image of ${megabytes} MB`, unit: "ms", goal: 1 / 2, repetitions: 3, quickRepetitions: 1, ...large, measure: (side) => saving(side, "large") },
    { name: `\`load\` of an image of ${megabytes} MB`, unit: "ms", goal: 1 / 2, repetitions: 3, quickRepetitions: 1, ...large, measure: (side) => loading(side, "large") },
    { name: `\`save\` of an image of ${LAYERS} layers`, unit: "ms", goal: 1 / 2, repetitions: 5, quickRepetitions: 2, ...deep, measure: (side) => saving(side, "deep") },
    { name: `\`load\` of an image of ${LAYERS} layers`, unit: "ms", goal: 1 / 2, repetitions: 5, quickRepetitions: 2, ...deep, measure: (side) => loading(side, "deep") },
  ];
}
