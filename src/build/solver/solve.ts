import { EngineError, firstFailure, messageOf, nowNs } from "../../base/mod.ts";
import type { Digest } from "../../spec/mod.ts";
import type { Vertex } from "../graph/vertex.ts";
import { applyFileOp } from "../ops/files.ts";
import { mergeLayers } from "../ops/merge.ts";
import type { Remembered } from "../ops/new-layer.ts";
import { runCommand } from "../ops/run.ts";
import { fillFromSource } from "../ops/sources.ts";
import { VertexTeller } from "./events.ts";
import type { Evaluated } from "./inputs.ts";
import type { JobContext, Waiter } from "./job.ts";
import { keysOf } from "./keys.ts";
import type { SolverParts } from "./solver.ts";
import { CommandFailed, StepFailed } from "./step-failed.ts";
import type { LayerRef, Result, Solved, SolveOptions } from "./types.ts";

/** Between two lines about one folder. */
const STATUS_INTERVAL_MS = 100;

/** One build's way through its graph: inputs before what takes them, everything else at the same time, each vertex once. */
export class Solve {
  readonly #known = new Map<Digest, Promise<Evaluated>>();
  readonly #abort = new AbortController();
  readonly #held = new AsyncDisposableStack();
  readonly #leased = new Set<number>();

  constructor(
    readonly parts: SolverParts,
    readonly options: SolveOptions,
  ) {}

  async run(targets: readonly Vertex[]): Promise<Solved> {
    const { signal } = this.options;
    const abort = (): void => this.#abort.abort(signal.reason);
    signal.addEventListener("abort", abort);
    try {
      signal.throwIfAborted();
      const evaluated = await Promise.all(targets.map((target) => this.#evaluate(target)));
      const { records } = this.parts;
      const resultOf = (each: Evaluated): Result => ({ layers: each.kind === "layers" ? each.layers.map((layer) => ({ ...layer, ...records.factsOf(layer.n) })) : [] });
      const everything = (await Promise.all(this.#known.values())).filter(({ kind }) => kind === "layers");
      return { results: evaluated.map(resultOf), get everything() { return everything.map(resultOf); }, [Symbol.asyncDispose]: () => this.#release() };
    } catch (error) {
      this.#abort.abort(error);
      // Everything that this build began has ended when it has failed.
      await Promise.allSettled(this.#known.values());
      await this.#release();
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  /** Does not fail: it would hide how the build ended. What stays held is let go of at the next start. */
  async #release(): Promise<void> {
    await this.#held.disposeAsync().catch((error: unknown) => this.parts.log(`a build's layers could not be let go of: ${messageOf(firstFailure(error))}, ignoring; the next start of the engine does it`));
  }

  #evaluate(vertex: Vertex): Promise<Evaluated> {
    const known = this.#known.get(vertex.digest);
    if (known) return known;
    const evaluated = this.#work(vertex);
    // All are awaited by whoever takes them, and at the end.
    evaluated.catch(() => undefined);
    this.#known.set(vertex.digest, evaluated);
    return evaluated;
  }

  async #work(vertex: Vertex): Promise<Evaluated> {
    const inputs = await Promise.all(vertex.inputs.map((input) => this.#evaluate(input)));
    this.#abort.signal.throwIfAborted();
    const teller = new VertexTeller(vertex, this.options.tell);
    try {
      const { op } = vertex;
      if (op.kind === "image") return await this.#image(vertex, teller);
      if (op.kind === "local") return await this.#local(vertex, teller);
      return { kind: "layers", layers: await this.#cachedOrMade(vertex, inputs, teller) };
    } catch (error) {
      const aborted = this.#abort.signal.aborted && !(error instanceof CommandFailed);
      teller.failed(aborted ? "CANCELED" : reasonOf(error));
      if (aborted || error instanceof StepFailed) throw error;
      const { exitCode, failed } = error instanceof CommandFailed ? error : { exitCode: undefined, failed: undefined };
      const failure = new StepFailed(vertex, reasonOf(error), { cause: error, exitCode, failed });
      this.#abort.abort(failure);
      throw failure;
    }
  }

  async #image({ op }: Vertex, teller: VertexTeller): Promise<Evaluated> {
    if (op.kind !== "image") throw new EngineError("System", "no image");
    teller.started();
    const layers = await this.parts.sources.image(op, { status: () => undefined, log: (text) => teller.log(2, Buffer.from(text), 0n) }, this.#abort.signal);
    this.#lease(layers);
    teller.completed(true);
    return { kind: "layers", layers };
  }

  async #local({ op }: Vertex, teller: VertexTeller): Promise<Evaluated> {
    if (op.kind !== "local") throw new EngineError("System", "no folder of a client");
    teller.started();
    const startedNs = nowNs();
    let bytes = 0;
    const tell = (completedNs: bigint | undefined): void => teller.status("transferring context:", bytes, undefined, startedNs, completedNs);
    let toldMs = Date.now();
    const received = (count: number): void => {
      bytes = count;
      if (Date.now() - toldMs < STATUS_INTERVAL_MS) return;
      toldMs = Date.now();
      tell(undefined);
    };
    const folder = this.#held.use(await this.options.client.folder(op.name, { ignore: op.ignore, received, changes: () => this.parts.workers.expect() }));
    tell(nowNs());
    teller.completed(false);
    return { kind: "folder", folder };
  }

  async #cachedOrMade(vertex: Vertex, inputs: readonly Evaluated[], teller: VertexTeller): Promise<readonly LayerRef[]> {
    const keys: string[] = [];
    for await (const key of keysOf(vertex, inputs, { ...this.parts, signal: this.#abort.signal })) {
      const cached = vertex.ignoreCache ? undefined : this.#cached(key);
      if (cached) {
        for (const missed of keys) this.parts.records.setKey(missed, cached.record);
        teller.started();
        teller.completed(true);
        return cached.layers;
      }
      keys.push(key);
    }
    this.#abort.signal.throwIfAborted();
    // Another build may have come to it meanwhile.
    const late = vertex.ignoreCache ? undefined : keys.map((key) => this.#cached(key)).find((found) => found !== undefined);
    if (late) {
      teller.started();
      teller.completed(true);
      return late.layers;
    }
    const waiter: Waiter = { teller, client: this.options.client, keepFailed: this.options.keepFailed ?? false, steps: this.options.steps };
    const work = (context: JobContext): Promise<readonly LayerRef[]> => make(this.parts, vertex, inputs, keys, context);
    // What must not come from the cache does not come from another build either.
    const key = vertex.ignoreCache ? `${crypto.randomUUID()} ${keys.at(-1)}` : (keys.at(-1) ?? vertex.digest);
    const layers = await this.parts.jobs.join(key, waiter, work).wait(waiter, this.#abort.signal);
    this.#lease(layers);
    teller.completed(false);
    return layers;
  }

  #cached(key: string): { readonly layers: readonly LayerRef[]; readonly record: string } | undefined {
    const { records, layers } = this.parts;
    const record = records.byKey(key);
    if (record?.top === undefined) return undefined;
    const stack = layers.stack(record.top).map((n) => layers.get(n));
    if (stack.length === 0 || stack.includes(undefined)) return undefined;
    const found = stack.filter((layer) => layer !== undefined);
    this.#lease(found);
    records.used(record.id);
    return { layers: found, record: record.id };
  }

  /** Nobody removes them before the build is over. */
  #lease(layers: readonly LayerRef[]): void {
    const top = layers.at(-1);
    if (!top || this.#leased.has(top.n)) return;
    this.#leased.add(top.n);
    this.#held.use(this.parts.layers.lease(top.n));
  }
}

/** What a copy or mount takes and is not there, in BuildKit's words. */
function reasonOf(error: unknown): string {
  const message = messageOf(error);
  return /^".*": not found$/s.test(message) ? `failed to compute cache key: failed to calculate checksum of ref: ${message}` : message;
}

async function make(parts: SolverParts, vertex: Vertex, inputs: readonly Evaluated[], keys: readonly string[], context: JobContext): Promise<readonly LayerRef[]> {
  const { op } = vertex;
  const remembered: Remembered = { kind: "regular", description: vertex.name.replace(/^\[[^\]]*\] /, ""), keys };
  switch (op.kind) {
    case "run":
      return await runCommand(parts, op, inputs, { ...remembered, description: `mount / from exec ${op.args.join(" ").slice(0, 1024)}` }, context);
    case "file":
      return await applyFileOp(parts, op, inputs, remembered, context);
    case "merge":
      return await mergeLayers(parts, layersOf(inputs[0]), layersOf(inputs[1]), remembered, context);
    case "git":
    case "http":
      return await fillFromSource(parts, op, remembered, context);
    default:
      throw new EngineError("System", `nothing is made of a vertex of kind ${op.kind}`);
  }
}

function layersOf(input: Evaluated | undefined): readonly LayerRef[] {
  return input?.kind === "layers" ? input.layers : [];
}
