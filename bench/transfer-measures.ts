/** Images to and from a registry on loopback: docker-registry, one beside each engine. */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testImage, legacyArchive, layerOf, file } from "../test/image/archives.ts";
import { must, timed, type Side } from "./engines.ts";
import type { Measure } from "./measures.ts";

const PORT = 15377;
const HOST = `127.0.0.1:${PORT}`;
const folder = join(tmpdir(), `hb-registry-${process.pid}`);
/** From Debian's package, also where it is unpacked beside the engine to compare with. */
const PROGRAM = [Bun.which("docker-registry") ?? "", process.env["DOCKER_REGISTRY"] ?? ""].find((path) => existsSync(path));

const registries = new Map<Side, Bun.Subprocess>();
const cli = (side: Side, ...args: string[]): string[] => [...side.command, ...args];

async function startRegistry(side: Side): Promise<void> {
  if (!PROGRAM) throw new Error("docker-registry is not installed: apt-get install docker-registry");
  const root = join(folder, String(registries.size));
  mkdirSync(root, { recursive: true });
  writeFileSync(`${root}.yml`, `version: 0.1\nlog: {level: error}\nstorage:\n  filesystem: {rootdirectory: ${root}}\nhttp: {addr: "${HOST}"}\n`);
  registries.set(side, Bun.spawn(["nsenter", `--net=/proc/${side.networkPid()}/ns/net`, "--", PROGRAM, "serve", `${root}.yml`], { stdout: "ignore", stderr: "ignore" }));
  for (let tries = 0; tries < 100; tries++) {
    if ((await Bun.spawn(["nsenter", `--net=/proc/${side.networkPid()}/ns/net`, "--", "curl", "-sf", `http://${HOST}/v2/`], { stdout: "ignore" }).exited) === 0) return;
    await Bun.sleep(50);
  }
  throw new Error("docker-registry did not start");
}

/** Half of each layer can be made smaller. */
function archiveOf(name: string, layers: number, layerBytes: number): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name}.tar`);
  const made = Array.from({ length: layers }, (_, index) => layerOf(...Array.from({ length: 10 }, (_each, part) => file(`layer-${index}/file-${part}`, Buffer.concat([randomBytes(layerBytes / 20), Buffer.alloc(layerBytes / 20, part)])))));
  if (!existsSync(path)) writeFileSync(path, legacyArchive(testImage(made, [`${HOST}/${name}:1`])));
  return path;
}

async function release(side: Side): Promise<void> {
  registries.get(side)?.kill();
  await registries.get(side)?.exited;
  registries.delete(side);
  await Bun.spawn(cli(side, "rmi", "-f", `${HOST}/large:1`, `${HOST}/layers:1`, `${HOST}/huge:1`), { stdout: "ignore", stderr: "ignore" }).exited;
  if (registries.size === 0) rmSync(folder, { recursive: true, force: true });
}

const prepared = (name: string, layers: number, layerBytes: number, pushed: boolean) => async (side: Side): Promise<void> => {
  await startRegistry(side);
  await must(cli(side, "load", "-q", "-i", archiveOf(name, layers, layerBytes)));
  if (pushed) await must(cli(side, "push", "-q", `${HOST}/${name}:1`));
};

const pulledAnew = (name: string) => async (side: Side): Promise<number> => {
  await must(cli(side, "rmi", `${HOST}/${name}:1`));
  return await timed(cli(side, "pull", "-q", `${HOST}/${name}:1`));
};

export function transferMeasures(megabytes: number): Measure[] {
  const shapes = [["large", 4, (megabytes << 20) / 4, `${megabytes} MB`, 2 / 3], ["layers", 60, 200_000, "60 layers", 1 / 2]] as const;
  const once = { unit: "ms", repetitions: 5, quickRepetitions: 2, release } as const;
  return shapes.flatMap(([name, layers, bytes, words, goal]): Measure[] => [
    { ...once, name: `\`push\` of ${words}`, goal, repetitions: 1, quickRepetitions: 1, prepare: prepared(name, layers, bytes, false), measure: (side) => timed(cli(side, "push", "-q", `${HOST}/${name}:1`)) },
    { ...once, name: `\`push\` of ${words} that are there`, goal: 1 / 3, prepare: prepared(name, layers, bytes, true), measure: (side) => timed(cli(side, "push", "-q", `${HOST}/${name}:1`)) },
    { ...once, name: `\`pull\` of ${words}`, goal, prepare: prepared(name, layers, bytes, true), measure: pulledAnew(name) },
    { ...once, name: `\`pull\` of ${words} that are here`, goal: 1 / 3, prepare: prepared(name, layers, bytes, true), measure: (side) => timed(cli(side, "pull", "-q", `${HOST}/${name}:1`)) },
  ]);
}

/** Most that the engine's own processes hold while an image of so many megabytes arrives. */
export function pullMemoryMeasures(megabytes: number): Measure[] {
  const name = `${HOST}/huge:1`;
  return [
    {
      name: `memory of the engine, most during \`pull\` of ${megabytes} MB`,
      unit: "MB",
      goal: 1,
      most: 150,
      repetitions: 1,
      quickRepetitions: 1,
      prepare: async (side) => {
        await startRegistry(side);
        const archive = join(folder, "huge.tar");
        if (!existsSync(archive)) await must(["python3", "-c", HUGE, archive, String(megabytes), name]);
        await must(cli(side, "load", "-q", "-i", archive));
        await must(cli(side, "push", "-q", name));
        await must(cli(side, "rmi", name));
        // What the push before took is not the pull's.
        await side.restart();
      },
      measure: async (side) => {
        for (const pid of side.enginePids()) writeFileSync(`/proc/${pid}/clear_refs`, "5");
        await must(cli(side, "pull", "-q", name));
        return side.enginePids().reduce((sum, pid) => sum + Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0), 0) / 1024;
      },
      release,
    },
  ];
}

/** Four layers of noise, never all in memory. */
const HUGE = `
import tarfile, io, json, hashlib, os, sys
path, megabytes, name = sys.argv[1], int(sys.argv[2]), sys.argv[3]
layers = []
for i in range(4):
    noise, layer = f"{path}.noise", f"{path}.{i}"
    with open(noise, "wb") as out:
        for _ in range(megabytes // 4): out.write(os.urandom(1 << 20))
    with tarfile.open(layer, "w") as archive: archive.add(noise, f"data{i}")
    with open(layer, "rb") as made: layers.append((hashlib.file_digest(made, "sha256").hexdigest(), layer))
    os.unlink(noise)
config = json.dumps({"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": ["sha256:" + digest for digest, _ in layers]}}).encode()
id = hashlib.sha256(config).hexdigest()
def member(archive, name, data):
    info = tarfile.TarInfo(name)
    info.size = len(data)
    archive.addfile(info, io.BytesIO(data))
with tarfile.open(path, "w") as archive:
    member(archive, f"{id}.json", config)
    for digest, layer in layers:
        archive.add(layer, f"{digest}/layer.tar")
        os.unlink(layer)
    member(archive, "manifest.json", json.dumps([{"Config": f"{id}.json", "RepoTags": [name], "Layers": [f"{digest}/layer.tar" for digest, _ in layers]}]).encode())
`;
