import { existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { nowNs } from "../../base/mod.ts";
import type { RootMount } from "../../spec/mod.ts";
import type { MakeTwin } from "../client.ts";
import type { FileAction, FileOp } from "../graph/op.ts";
import { jobInput, NO_LAYERS, type Evaluated } from "../solver/inputs.ts";
import type { JobContext } from "../solver/job.ts";
import type { UnpackPort } from "../solver/ports.ts";
import type { LayerRef } from "../solver/types.ts";
import type { FilesDone, JobAction, PendingArchive } from "../../layer-files/mod.ts";
import { keepLayer, type Keeping, type Remembered } from "./new-layer.ts";
import { likeTop } from "./like-top.ts";
import type { Workers } from "./workers.ts";

export interface FileDeps extends Keeping {
  readonly workers: Workers;
  readonly unpacker: UnpackPort;
}

interface UnderWay {
  readonly base: Evaluated;
  readonly below: readonly LayerRef[];
  readonly folder: string;
  readonly actions: readonly JobAction[];
  readonly inputs: readonly Evaluated[];
}

/** Files copied, made and removed: one layer, whatever the number of actions. */
export async function applyFileOp(deps: FileDeps, op: FileOp, inputs: readonly Evaluated[], remembered: Remembered, job: JobContext): Promise<readonly LayerRef[]> {
  const { signal } = job;
  const base = op.base === undefined ? NO_LAYERS : (inputs[op.base] ?? NO_LAYERS);
  const below = base.kind === "layers" ? base.layers : [];
  using made = deps.layers.create();
  likeTop(made.folder, below, deps.layers);
  const done = await act(deps, { base, below, folder: made.folder, actions: op.actions.map(jobAction), inputs }, signal);
  for (const sentence of done.warnings) job.log(2, Buffer.from(`${sentence}\n`), nowNs());
  const sealed = done.sealed ?? (await deps.workers.run({ kind: "seal", folder: made.folder, below: [], stubs: [] }, signal));
  const layers = keepLayer(deps, below, made, sealed, remembered);
  markSharing(deps, done, layers.at(-1));
  offerSpare(deps, op, inputs, done, layers.at(-1));
  return layers;
}

async function act(deps: FileDeps, { base, below, folder, actions, inputs }: UnderWay, signal: AbortSignal): Promise<FilesDone> {
  const archives = join(dirname(folder), "archives");
  const unpacks = actions.some((action) => action.action === "copy" && action.unpack);
  if (unpacks) mkdirSync(archives, { mode: 0o700 });
  const sharing = deps.records.sharing(below.map(({ n }) => n)).map((n) => deps.layers.folder(n));
  const done = await deps.workers.run({ kind: "files", upper: folder, base: jobInput(base, deps.layers), inputs: inputs.map((input) => jobInput(input, deps.layers)), actions, sharing, archives, seals: true }, signal);
  for (const archive of done.archives) await unpack(deps, below, folder, archive, signal);
  if (unpacks) deps.layers.discard(archives);
  const spare = join(dirname(folder), "spare");
  if (existsSync(spare)) deps.layers.discard(spare);
  return done;
}

/** By a process of its own, which sees the merged files. */
async function unpack({ unpacker, layers }: FileDeps, below: readonly LayerRef[], folder: string, { file, target, owner }: PendingArchive, signal: AbortSignal): Promise<void> {
  const root = rootOf(layers.root, below, folder);
  const path = Buffer.from(`/${target}`, "latin1").toString("utf8");
  await unpacker.unpack(root, path, owner ?? "archive", Bun.file(file).stream() as unknown as AsyncIterable<Uint8Array>, signal);
  if (root.kind === "overlay") layers.discard(root.work);
}

function rootOf(layersDir: string, below: readonly LayerRef[], folder: string): RootMount {
  if (below.length === 0) return { kind: "bind", source: folder };
  const work = join(dirname(folder), "work");
  mkdirSync(work, { recursive: true, mode: 0o700 });
  return { kind: "overlay", layersDir, lowers: [...below].reverse().map(({ n }) => `${n}/fs`), upper: folder, work };
}

function markSharing({ records }: FileDeps, { sharing }: FilesDone, top: LayerRef | undefined): void {
  if (sharing.length === 0 || !top) return;
  for (const n of [top.n, ...sharing.filter((layer) => layer >= 0)]) records.markSharing(n);
}

function offerSpare({ workers, layers }: FileDeps, { actions }: FileOp, inputs: readonly Evaluated[], { copied }: FilesDone, top: LayerRef | undefined): void {
  const [only] = actions;
  const input = only?.action === "copy" ? inputs[only.input] : undefined;
  if (!copied || !top || input?.kind !== "folder") return;
  const makeTwin: MakeTwin = (from, to) => workers.run({ kind: "twin", from, to }, workers.stopping);
  input.folder.copied?.(text(copied.folder), join(layers.folder(top.n), text(copied.place)), makeTwin);
}

const text = (name: string): string => Buffer.from(name, "latin1").toString("utf8");
const bytes = (name: string): string => Buffer.from(name, "utf8").toString("latin1");

/** Names go to workers as one character per byte. */
function jobAction(action: FileAction): JobAction {
  switch (action.action) {
    case "copy":
      return { ...action, sources: action.sources.map(bytes), target: bytes(action.target) };
    case "makeFile":
      return { ...action, path: bytes(action.path), content: Buffer.from(action.content).toString("base64") };
    default:
      return { ...action, path: bytes(action.path) };
  }
}
