import { EngineError } from "../../base/mod.ts";
import { digestOf } from "../graph/make-vertex.ts";
import type { FileOp, RunMount, RunOp } from "../graph/op.ts";
import type { Vertex } from "../graph/vertex.ts";
import type { CopyAction } from "../../layer-files/mod.ts";
import type { Workers } from "../ops/workers.ts";
import { jobInput, stackID, type Evaluated } from "./inputs.ts";
import type { LayerPort } from "./ports.ts";

export interface KeySources {
  readonly workers: Workers;
  readonly layers: Pick<LayerPort, "folder">;
  readonly signal: AbortSignal;
}

/**
 * The keys under which the result of a vertex may be known, the cheapest to find out first: what an input is (the id of its layers), or what
 * is taken of it (content). Where inputs are folders of clients there is only the latter.
 */
export async function* keysOf({ op, inputs: vertices }: Vertex, inputs: readonly Evaluated[], sources: KeySources): AsyncGenerator<string, void, void> {
  switch (op.kind) {
    case "run":
      return yield* runKeys(op, inputs, sources);
    case "file":
      return yield* fileKeys(op, inputs, sources);
    case "merge":
      return yield digestOf(["merge", inputs.map(stackID)]);
    case "git":
      return yield digestOf(["git", op]);
    case "http":
      return yield digestOf(["http", op]);
    default:
      throw new EngineError("System", `a vertex of kind ${op.kind} with ${vertices.length} inputs has no key`);
  }
}

async function* runKeys(op: RunOp, inputs: readonly Evaluated[], sources: KeySources): AsyncGenerator<string, void, void> {
  if (inputs.every(({ kind }) => kind === "layers")) yield digestOf(["run", op, inputs.map(stackID)]);
  if (inputs.length > 1) yield digestOf(["run-content", op, await Promise.all(inputs.map((input, index) => (index === 0 ? stackID(input) : mountedContent(op, input, index, sources))))]);
}

/** What is mounted counts by its content. */
async function mountedContent(op: RunOp, input: Evaluated, index: number, sources: KeySources): Promise<string> {
  const mounts = op.mounts.filter((mount): mount is Extract<RunMount, { input: number | undefined }> => "input" in mount && mount.input === index);
  const contents = await Promise.all(mounts.map(({ source }) => contentKey(input, wholeOf(source), sources)));
  return digestOf(contents);
}

function wholeOf(source: string): CopyAction {
  return {
    action: "copy", input: 0, sources: [source], target: "/", targetIsFolder: true, wildcards: false, parents: false, exclude: [], owner: "", mode: "", unpack: false, contentsOnly: true, followLinks: true, required: false,
  };
}

async function* fileKeys(op: FileOp, inputs: readonly Evaluated[], sources: KeySources): AsyncGenerator<string, void, void> {
  const base = op.base === undefined ? undefined : inputs[op.base];
  const copied = [...new Set(op.actions.flatMap((action) => (action.action === "copy" ? [action.input] : [])))];
  if (copied.every((input) => inputs[input]?.kind === "layers")) yield digestOf(["file", stackID(base), op.actions, copied.map((input) => stackID(inputs[input]))]);
  if (copied.length === 0) return;
  const contents: unknown[] = [];
  for (const action of op.actions) {
    const input = action.action === "copy" ? inputs[action.input] : undefined;
    if (action.action !== "copy" || !input) contents.push(action);
    else contents.push({ ...action, input: undefined, sources: undefined, content: await contentKey(input, action, sources) });
  }
  yield digestOf(["file-content", stackID(base), contents]);
}

export async function contentKey(input: Evaluated, action: CopyAction, { workers, layers, signal }: KeySources): Promise<string> {
  const known = input.kind === "folder" ? await input.folder.contents?.digestOf(action, signal) : undefined;
  return known ?? (await workers.run({ kind: "content", input: jobInput(input, layers), action: latin1(action) }, signal)).digest;
}

/** Workers take names one character per byte. */
export function latin1(action: CopyAction): CopyAction {
  const bytes = (text: string): string => Buffer.from(text, "utf8").toString("latin1");
  return { ...action, sources: action.sources.map(bytes), target: bytes(action.target) };
}
