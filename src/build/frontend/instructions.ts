import { applyToConfig, historyText, type ExpandedInstruction, type ExpandedRun } from "../../dockerfile/mod.ts";
import type { HistoryEntry } from "../../spec/mod.ts";
import { makeVertex } from "../graph/make-vertex.ts";
import type { Vertex } from "../graph/vertex.ts";
import type { BuildRequest } from "../request.ts";
import type { ResolveGit } from "../sources/git-vertex.ts";
import { copyVertex } from "./copy.ts";
import { emptyVertex, runVertex } from "./run.ts";
import type { StageState } from "./stage-state.ts";

/** What an instruction may ask of its build. */
export interface StageContext {
  readonly request: BuildRequest;
  readonly created: string | undefined;
  readonly git: ResolveGit;
  readonly http: (url: string) => Promise<string>;
  /** The files that `from` names; without it, the build context. Undefined: none. */
  source(from: string | undefined): Promise<Vertex | undefined>;
  /** The instruction as progress shows it. */
  readonly shown: string;
}

const WORKDIR_MODE = 0o755;
const COMMENT = "buildkit.dockerfile.v0";

/** Does to the stage what the instruction says. */
export async function applyInstruction(state: StageState, instruction: ExpandedInstruction, context: StageContext): Promise<void> {
  const { Shell: shell = null, WorkingDir: workdir = "" } = state.process;
  const createdBy = historyText(instruction, { shell, args: state.scope.args, workdir });
  state.process = applyToConfig(state.process, instruction, { commandSet: state.commandSet });
  const before = state.vertex;
  if (instruction.kind === "cmd") state.commandSet = true;
  else if (instruction.kind === "maintainer") state.author = instruction.maintainer;
  else if (instruction.kind === "workdir") enterFolder(state, context.shown);
  else if (instruction.kind === "run") state.vertex = await runVertex(state, instruction as ExpandedRun, context.shown, context.request, (from) => context.source(from));
  else if (instruction.kind === "copy" || instruction.kind === "add") {
    const from = instruction.kind === "copy" ? instruction.from : undefined;
    state.vertex = await copyVertex(state, instruction, context.shown, { files: async () => (await context.source(from)) ?? emptyVertex(), resolveGit: context.git, validate: context.http });
  }
  if (createdBy !== undefined) state.history.push(historyEntry(createdBy, state.vertex !== before, context.created));
}

/** As BuildKit writes it; `created` is filled in by the exporter where it is not fixed. */
function historyEntry(createdBy: string, hasLayer: boolean, created: string | undefined): HistoryEntry {
  return { ...(created !== undefined && { created }), created_by: createdBy, comment: COMMENT, ...(!hasLayer && { empty_layer: true }) };
}

/** The working directory is made by the build, not by whoever runs the image. */
function enterFolder(state: StageState, shown: string): void {
  const { workdir, vertex, name } = state;
  if (workdir === "/") return;
  const op = { kind: "file", base: vertex ? 0 : undefined, actions: [{ action: "makeFolder", path: workdir, owner: state.process.User ?? "", mode: WORKDIR_MODE }] } as const;
  state.vertex = makeVertex(op, vertex ? [vertex] : [], { name: state.nextName(shown), stage: name, ignoreCache: state.options.ignoreCache });
}
