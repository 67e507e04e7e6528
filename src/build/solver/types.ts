import type { FoundPackages } from "../../layer-files/mod.ts";
import type { BuildEvent, Digest } from "../../spec/mod.ts";
import type { BuildCache } from "../cache/build-cache.ts";
import type { BuildClient } from "../client.ts";
import type { Vertex } from "../graph/vertex.ts";
import type { Shell, ShellRequest, StepSettings } from "./ports.ts";

export interface LayerRef {
  /** The layer's number in the store. */
  readonly n: number;
  readonly chainID: Digest;
  readonly diffID: Digest;
  /** Bytes of its files. */
  readonly size: number;
  /** Bytes of the archive that the diffID is of, as manifests name it; undefined only of layers that were not made by a build. */
  readonly archiveBytes?: number | undefined;
  /** When a build made it, kept with the cache so that a build that is all cached gives the same image again; undefined as above. */
  readonly createdMs?: number | undefined;
}

/** What a vertex came to: a stack of layers, base first; none at all is an empty file system. */
export interface Result {
  readonly layers: readonly LayerRef[];
}

export interface SolveOptions {
  readonly client: BuildClient;
  readonly tell: (event: BuildEvent) => void;
  /** Steps that no other build waits for are killed. */
  readonly signal: AbortSignal;
  readonly steps?: StepSettings | undefined;
  /** A command that failed is kept as it ended, for `StepFailed.failed`. */
  readonly keepFailed?: boolean | undefined;
}

/** Results in the order of the targets. Nobody removes their layers before this is disposed. */
export interface Solved extends AsyncDisposable {
  readonly results: readonly Result[];
  /** What every vertex on the way came to, the targets' results among them. */
  readonly everything: readonly Result[];
}

/** The file system of a command that failed, as it left it, with its mounts. Disposing gives it up. */
export interface FailedStep extends AsyncDisposable {
  openShell(request: ShellRequest): Promise<Shell>;
}

export interface Solver extends AsyncDisposable {
  /**
   * Works out the targets. Rejects with StepFailed, with the reason of `signal`, or with the EngineError of whatever went wrong first.
   */
  solve(targets: readonly Vertex[], options: SolveOptions): Promise<Solved>;
  readonly cache: BuildCache;
  /** What is installed in stacked layers, base first. */
  packages(layers: readonly LayerRef[], signal: AbortSignal): Promise<FoundPackages>;
}
