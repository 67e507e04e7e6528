import { EngineError } from "../../base/mod.ts";
import type { GitSource, HttpSource } from "../graph/op.ts";
import type { JobContext } from "../solver/job.ts";
import type { SourcePort, SourceProgress } from "../solver/ports.ts";
import type { LayerRef } from "../solver/types.ts";
import { keepLayer, type Keeping, type Remembered } from "./new-layer.ts";
import type { Workers } from "./workers.ts";

/** Files that come from elsewhere, as a layer on top of nothing. */
export async function fillFromSource(deps: Keeping & { readonly workers: Workers; readonly sources: SourcePort }, op: GitSource | HttpSource, remembered: Remembered, job: JobContext): Promise<readonly LayerRef[]> {
  using made = deps.layers.create();
  const progress: SourceProgress = { status: (id, current, total, done) => job.status(id, current, total, done), log: (text) => job.log(2, Buffer.from(text), BigInt(Date.now()) * 1_000_000n) };
  const { git, http } = deps.sources;
  if (op.kind === "git" && git) await git.call(deps.sources, op, made.folder, progress, job.signal);
  else if (op.kind === "http" && http) await http.call(deps.sources, op, made.folder, progress, job.signal);
  else throw new EngineError("NotImplemented", `this engine fetches nothing from ${op.url}`);
  const sealed = await deps.workers.run({ kind: "seal", folder: made.folder, below: [], stubs: [] }, job.signal);
  return keepLayer(deps, [], made, sealed, { ...remembered, kind: op.kind === "git" ? "source.git.checkout" : "source.http" });
}
