import { existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { EngineError } from "../../base/mod.ts";
import type { NewLayer } from "../../snapshot/mod.ts";
import type { RunOp } from "../graph/op.ts";
import type { Evaluated } from "../solver/inputs.ts";
import type { JobContext } from "../solver/job.ts";
import type { RunningStep, SolverDeps, StepExit, StepMount, StepPort, StepRequest } from "../solver/ports.ts";
import { CommandFailed } from "../solver/step-failed.ts";
import type { FailedStep, LayerRef } from "../solver/types.ts";
import type { CacheMounts } from "./cache-mounts.ts";
import { likeTop } from "./like-top.ts";
import { keepLayer, type Keeping, type Remembered } from "./new-layer.ts";
import { MountPreparation } from "./run-mounts.ts";
import { StepOutput } from "./step-output.ts";
import type { Workers } from "./workers.ts";

export interface RunDeps extends Keeping, Pick<SolverDeps, "steps" | "requireWritable" | "architecture" | "runsForeign" | "disk"> {
  readonly workers: Workers;
  readonly cacheMounts: CacheMounts;
}

/** A command in the file system of a stack; what it changes is a new layer. @throws CommandFailed */
export async function runCommand(deps: RunDeps, op: RunOp, inputs: readonly Evaluated[], remembered: Remembered, job: JobContext): Promise<readonly LayerRef[]> {
  deps.requireWritable();
  requireRunnable(deps, op);
  const [base] = inputs;
  const below = base?.kind === "layers" ? base.layers : [];
  await using held = new AsyncDisposableStack();
  const made = held.use(deps.layers.create());
  likeTop(made.folder, below, deps.layers);
  const request = await stepOf(deps, { op, inputs, below, made }, job, held);
  const { exit, mountPoints } = await runStep(deps.steps, request, job);
  if (exit.exitCode !== 0) {
    const reason = failureOf(op, exit, deps.disk().freeBytes);
    if (!job.keepFailed) throw new CommandFailed(reason, exit.exitCode, undefined);
    throw new CommandFailed(reason, exit.exitCode, failedStep(deps.steps, request.again(), held.move()));
  }
  // What was made only to be mounted on is no part of the layer.
  const stubs = mountPoints.map((path) => Buffer.from(path, "utf8").toString("latin1"));
  const sealed = await deps.workers.run({ kind: "seal", folder: made.folder, below: [...below].reverse().map(({ n }) => deps.layers.folder(n)), stubs }, job.signal);
  return keepLayer(deps, below, made, sealed, remembered);
}

interface Work {
  readonly op: RunOp;
  readonly inputs: readonly Evaluated[];
  readonly below: readonly LayerRef[];
  readonly made: NewLayer;
}

/** A request, and the same once more without the mounts that the first one alone had: secrets and agents. */
type RepeatableRequest = StepRequest & { readonly started: () => void; again(): StepRequest };

async function stepOf(deps: RunDeps, { op, inputs, below, made }: Work, job: JobContext, held: AsyncDisposableStack): Promise<RepeatableRequest> {
  const id = newStepID();
  const own = dirname(made.folder);
  const work = join(own, "work");
  mkdirSync(work, { mode: 0o700 });
  held.defer(() => deps.layers.discard(work));
  const topFirst = [...below].reverse();
  // What is bound and shared with no layer lies beside the new one, and goes with it or before it.
  const scratch = join(own, "mounts");
  held.defer(() => deps.layers.discard(scratch));
  const prepared = await new MountPreparation(deps, inputs, { shortLived: deps.steps.folder(id), scratch }, job, held).prepare(op.mounts);
  const mounts: readonly StepMount[] = prepared.mounts;
  const request: StepRequest = {
    id, op, mounts, secretEnv: prepared.secretEnv, settings: job.settings(),
    root: { kind: "overlay", layersDir: deps.layers.root, lowers: lowersOf(deps, own, topFirst), upper: made.folder, work },
    folders: [made.folder, ...topFirst.map(({ n }) => deps.layers.folder(n))],
  };
  return { ...request, started: prepared.started, again: () => ({ ...request, mounts: mounts.filter((mount) => mount.type !== "bind" || existsSync(mount.source)) }) };
}

/** Overlay wants a folder below: on top of nothing it is an empty one. */
function lowersOf({ layers }: RunDeps, own: string, topFirst: readonly LayerRef[]): readonly string[] {
  if (topFirst.length > 0) return topFirst.map(({ n }) => `${n}/fs`);
  const empty = join(own, "empty");
  mkdirSync(empty, { recursive: true, mode: 0o755 });
  return [empty.slice(layers.root.length + 1)];
}

async function runStep(steps: StepPort, request: RepeatableRequest, job: JobContext): Promise<{ readonly exit: StepExit; readonly mountPoints: readonly string[] }> {
  job.signal.throwIfAborted();
  await using step = await steps.launch(request);
  request.started();
  const kill = (): void => step.kill();
  job.signal.addEventListener("abort", kill);
  try {
    if (job.signal.aborted) kill();
    const output = new StepOutput();
    const [exit] = await Promise.all([step.exited, output.follow(step.output, job)]);
    job.signal.throwIfAborted();
    if (exit.exitCode !== 0) output.tellLast(job);
    return { exit, mountPoints: step.mountPoints };
  } finally {
    job.signal.removeEventListener("abort", kill);
  }
}

const newStepID = (): string => Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("hex");

/** With less the engine itself is short of space. */
const LITTLE_SPACE_BYTES = 32 * 1024 * 1024;

function failureOf({ args }: RunOp, { exitCode, oomKilled }: StepExit, freeBytes: number): string {
  const reason = oomKilled ? ": the kernel killed it: out of memory" : freeBytes < LITTLE_SPACE_BYTES ? ": no space left on the engine's disk" : "";
  return `process ${JSON.stringify(args.join(" "))} did not complete successfully: exit code: ${exitCode}${reason}`;
}

/** The file system as the command left it. */
function failedStep(steps: StepPort, request: StepRequest, held: AsyncDisposableStack): FailedStep {
  return {
    openShell: async ({ args, terminal }): Promise<RunningStep> => await steps.launch({ ...request, id: newStepID(), op: { ...request.op, args }, terminal }),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

const DEBIAN_PACKAGE = "qemu-user-binfmt";

function requireRunnable(deps: RunDeps, { platform: { os, architecture, variant } }: RunOp): void {
  if (os === "linux" && (architecture === deps.architecture || (architecture === "386" && deps.architecture === "amd64") || deps.runsForeign(architecture))) return;
  const name = `${os}/${architecture}${variant ? `/${variant}` : ""}`;
  throw new EngineError("InvalidParameter", `this machine (linux/${deps.architecture}) cannot run programs of ${name}: install ${DEBIAN_PACKAGE} on it (Debian: apt install ${DEBIAN_PACKAGE}), then try again`);
}
