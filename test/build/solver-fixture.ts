/** A solver over the real runtime, layers and workers, in a data root of its own; its steps have no network. */
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { EngineError, openDatabase } from "../../src/base/mod.ts";
import { makeVertex } from "../../src/build/graph/make-vertex.ts";
import type { FileAction, ImageSource, LocalSource, RunOp } from "../../src/build/graph/op.ts";
import type { Vertex } from "../../src/build/graph/vertex.ts";
import { openSolver } from "../../src/build/solver/solver.ts";
import type { BuildClient, BuildEvent, LayerRef, Result, SolveOptions } from "../../src/build/mod.ts";
import { ENGINE_DEFAULTS } from "../../src/engine/mod.ts";
import type { EngineContext } from "../../src/engine/context.ts";
import { hostFacts } from "../../src/engine/host-facts.ts";
import { engineSchemas } from "../../src/engine/open.ts";
import { runtimePort } from "../../src/engine/runtime-port.ts";
import { layerPort, solverDeps } from "../../src/engine/steps/solver-deps.ts";
import { helperPrograms } from "../../src/helper-programs.ts";
import { openCgroups } from "../../src/linux/mod.ts";
import { ShimSpawner } from "../../src/runtime/mod.ts";
import { Snapshots, snapshotSchema } from "../../src/snapshot/mod.ts";
import { parseDigest, type Digest } from "../../src/spec/mod.ts";
import { writeBusyboxRoot } from "../images.ts";
import { removeCgroups } from "../leaks.ts";
import { scratchFolder } from "../scratch.ts";

const SHIM = join(import.meta.dir, "../../build/native/hako-shim");
export const missing = process.getuid?.() !== 0 ? "root" : existsSync(SHIM) ? undefined : "build/native/hako-shim (make -C native)";
const BASE: Digest = parseDigest(`sha256:${"b".repeat(64)}`);
const PLATFORM = { os: "linux", architecture: process.arch === "arm64" ? "arm64" : "amd64" } as const;

export type Playground = Awaited<ReturnType<typeof openPlayground>>;

export async function openPlayground(folder = scratchFolder()) {
  const [dataRoot, runRoot] = [join(folder, "data"), join(folder, "run")];
  for (const path of [dataRoot, join(runRoot, "c"), join(runRoot, "e"), join(runRoot, "root"), join(dataRoot, "containers")]) mkdirSync(path, { recursive: true });
  const db = openDatabase(join(dataRoot, "hako.db"), [...engineSchemas, snapshotSchema]);
  const spawner = new ShimSpawner({ shim: SHIM });
  const { trees, launchBuildWorker } = helperPrograms(spawner, runRoot, join(runRoot, "root"));
  const snapshots = new Snapshots({ db, dir: dataRoot });
  const cgroups = openCgroups({ parent: folder.slice("/tmp/".length) });
  const layers = layerPort(snapshots);
  const base = layers.get(1) ?? (await addBase(snapshots));
  const part = {
    db, paths: { dataRoot, runRoot }, space: { requireWritable: () => undefined, isFull: () => false }, cgroups, host: hostFacts(), network: { find: () => undefined, detach: () => undefined, bridge: { gateway: "" } }, runtime: runtimePort(spawner),
    defaults: ENGINE_DEFAULTS, trees, images: { resolve: () => ({ layers: [base.n] }) }, log: (sentence: string) => console.error(sentence), containers: { find: () => undefined }, snapshots,
  };
  const solver = openSolver(solverDeps(part as unknown as EngineContext, { layers, launchWorker: launchBuildWorker }));
  return {
    folder, dataRoot, runRoot, solver, snapshots, cgroups, db,
    async [Symbol.asyncDispose]() {
      await solver[Symbol.asyncDispose]();
      await snapshots.trashEmptied();
      await spawner.ended();
      db.close();
      spawner[Symbol.dispose]();
      removeCgroups(folder.slice("/tmp/".length));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function addBase(snapshots: Snapshots) {
  const made = snapshots.layers.create();
  await writeBusyboxRoot(made.folder);
  const layer = { n: made.n, chainID: BASE, diffID: BASE, parent: undefined, size: 1 };
  snapshots.layers.insert(layer);
  snapshots.layers.retain("image:test", made.n);
  snapshots.layers.settle(made.n);
  return layer;
}

export const image = (): Vertex => makeVertex({ kind: "image", ref: "busybox", digest: BASE, platform: PLATFORM } satisfies ImageSource, [], { name: "[1/2] FROM busybox" });
export const context = (name = "context"): Vertex => makeVertex({ kind: "local", name, ignore: [] } satisfies LocalSource, [], { name: "[internal] load build context" });

export function run(base: Vertex, script: string, changes: Partial<RunOp> & { readonly ignoreCache?: boolean } = {}, inputs: readonly Vertex[] = []): Vertex {
  const { ignoreCache = false, ...op } = changes;
  const whole: RunOp = {
    kind: "run", args: ["/bin/sh", "-c", script], env: ["PATH=/bin"], cwd: "/", user: "", mounts: [], network: "none", security: "sandbox", devices: [], hostname: "", extraHosts: [], ulimits: [], shmSize: 0, cgroupParent: "", platform: PLATFORM, ...op,
  };
  return makeVertex(whole, [base, ...inputs], { name: `RUN ${script}`, ignoreCache });
}

type Copy = Extract<FileAction, { action: "copy" }>;

export function copy(base: Vertex | undefined, from: Vertex, source: string, target: string, changes: Partial<Copy> = {}): Vertex {
  const action: Copy = {
    action: "copy", input: base ? 1 : 0, sources: [source], target, targetIsFolder: target.endsWith("/"), wildcards: true, parents: false, exclude: [], owner: "", mode: "", unpack: false, contentsOnly: true, followLinks: true, required: true, ...changes,
  };
  return makeVertex({ kind: "file", base: base ? 0 : undefined, actions: [action] }, base ? [base, from] : [from], { name: `COPY ${source} ${target}` });
}

/** A client with folders on this machine, which gives no digests. */
export class TestClient implements BuildClient {
  readonly secrets = new Map<string, string>();
  readonly folders = new Map<string, string>();
  ended = 0;

  constructor(folder?: string) {
    if (folder !== undefined) this.folders.set("context", folder);
  }

  async folder(name: string) {
    const folder = this.folders.get(name);
    if (folder === undefined) throw new EngineError("NotFound", `no folder ${name}`);
    return await Promise.resolve({ folder, [Symbol.asyncDispose]: async () => await Promise.resolve(void this.ended++) });
  }

  file = async () => await Promise.resolve(undefined);
  secret = async (id: string) => await Promise.resolve(this.secrets.has(id) ? Buffer.from(this.secrets.get(id) ?? "") : undefined);
  ssh = async () => await Promise.resolve(undefined);
  output = () => {
    throw new Error("nothing is exported here");
  };
}

export interface Outcome {
  readonly results: readonly Result[];
  readonly events: readonly BuildEvent[];
  /** What steps wrote. */
  readonly output: string;
  /** Names of vertices that were worked out anew, in the order in which they began. */
  readonly made: readonly string[];
}

export async function solve({ solver }: Pick<Playground, "solver">, target: Vertex | readonly Vertex[], options: Partial<SolveOptions> = {}): Promise<Outcome> {
  const events: BuildEvent[] = [];
  const targets = Array.isArray(target) ? (target as readonly Vertex[]) : [target as Vertex];
  await using solved = await solver.solve(targets, { client: new TestClient(), signal: new AbortController().signal, ...options, tell: (event) => (events.push(event), options.tell?.(event)) });
  return { results: solved.results, events, output: outputOf(events), made: madeIn(events) };
}

export const outputOf = (events: readonly BuildEvent[]): string => events.flatMap((event) => (event.type === "log" ? [Buffer.from(event.bytes).toString()] : [])).join("");

export function madeIn(events: readonly BuildEvent[]): string[] {
  const states = events.flatMap((event) => (event.type === "vertex" ? [event.vertex] : []));
  return states.filter(({ completedNs, cached, error, name }) => completedNs !== undefined && !cached && error === undefined && !name.startsWith("[")).map(({ name }) => name);
}

export const layerFolder = ({ dataRoot }: Pick<Playground, "dataRoot">, layer: LayerRef | undefined): string => join(dataRoot, "layers", String(layer?.n), "fs");

/** A folder of the client's with these files. */
export function writeFolder(folder: string, files: Readonly<Record<string, string>>): string {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
    chmodSync(join(folder, path), 0o644);
  }
  return folder;
}

