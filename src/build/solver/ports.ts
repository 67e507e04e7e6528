import type { Database } from "bun:sqlite";
import type { Layer, NewLayer } from "../../snapshot/mod.ts";
import type { Digest, RootMount } from "../../spec/mod.ts";
import type { StepResources } from "../request.ts";
import type { GitSource, HttpSource, ImageSource, RunOp } from "../graph/op.ts";

/** What the solver needs of the engine; the real mechanisms fit by shape. */
export interface SolverDeps {
  readonly db: Database;
  /** `<data root>/build`. */
  readonly folder: string;
  readonly layers: LayerPort;
  readonly steps: StepPort;
  readonly unpacker: UnpackPort;
  readonly sources: SourcePort;
  /** Starts a worker for files (`hako __build`). */
  launchWorker(): Promise<WorkerProcess>;
  /** The machine's, as images name it. */
  readonly architecture: string;
  /** The host can run programs of that architecture. */
  runsForeign(architecture: string): boolean;
  /** @throws EngineError when the disk is full */
  requireWritable(): void;
  /** Writes back what is not on the disk yet. */
  sync(): Promise<void>;
  /** Of the disk that holds the layers. */
  disk(): { readonly totalBytes: number; readonly freeBytes: number };
  log(sentence: string): void;
}

/** The store's layers; `retain` and `release` as of snapshot/. */
export interface LayerPort {
  create(): NewLayer;
  insert(layer: Layer): void;
  settle(n: number): void;
  folder(n: number): string;
  byChainID(chainID: Digest): Layer | undefined;
  /** The layers from the base up to this one. */
  stack(top: number): number[];
  get(n: number): Layer | undefined;
  retain(owner: string, top: number): void;
  release(owner: string): Layer[];
  lease(top: number): Disposable;
  /** The folder that holds the layers' folders. */
  readonly root: string;
  discard(folder: string): void;
}

/** Where vertices without inputs get their files from. */
export interface SourcePort {
  /** The layers of a local image, base first. @throws EngineError NotFound */
  image(op: ImageSource, tell: SourceProgress, signal: AbortSignal): Promise<readonly Layer[]>;
  /** Fills an empty folder. */
  git?(op: GitSource, folder: string, tell: SourceProgress, signal: AbortSignal): Promise<void>;
  /** Fills an empty folder with one file. `key` is of the content. */
  http?(op: HttpSource, folder: string, tell: SourceProgress, signal: AbortSignal): Promise<void>;
}

export interface SourceProgress {
  status(id: string, current: number, total: number | undefined, done: boolean): void;
  log(text: string): void;
}

export type StepMount =
  | { readonly type: "bind"; readonly target: string; readonly source: string; readonly beneath: string; readonly readOnly: boolean }
  | { readonly type: "layers"; readonly target: string; readonly lowers: readonly string[]; readonly beneath: string; readonly scratch: { readonly upper: string; readonly work: string } | undefined }
  | { readonly type: "tmpfs"; readonly target: string; readonly size: number | undefined };

/** What one build says of its commands that is no part of what they are: the same command with other limits is known all the same. */
export interface StepSettings {
  /** 0 and "" limit nothing. */
  readonly limits: StepResources;
  /** `KEY=value` of proxies; what the step itself says comes first. */
  readonly proxyEnv: readonly string[];
}

/** One run of a command. */
export interface StepRequest {
  /** 64 hexadecimal digits. */
  readonly id: string;
  readonly op: RunOp;
  readonly root: RootMount & { readonly kind: "overlay" };
  /** The layers' folders, top first; the users of the step are looked up there. */
  readonly folders: readonly string[];
  readonly mounts: readonly StepMount[];
  /** `KEY=value`, never kept. */
  readonly secretEnv: readonly string[];
  readonly settings?: StepSettings | undefined;
  readonly terminal?: { readonly rows: number; readonly cols: number } | undefined;
}

export interface StepExit {
  readonly exitCode: number;
  readonly oomKilled: boolean;
}

export interface RunningStep extends AsyncDisposable {
  /** Standard output 1 and error 2 until the end; bounded, whoever does not take it loses the oldest. */
  readonly output: AsyncIterable<{ readonly stream: 1 | 2; readonly bytes: Uint8Array; readonly timeNs: bigint }>;
  /** Where something was mounted. */
  readonly mountPoints: readonly string[];
  /** Resolves when every process of it is gone. */
  readonly exited: Promise<StepExit>;
  kill(): void;
  resize(rows: number, cols: number): Promise<void>;
  openStdin(): Promise<{ write(bytes: Uint8Array): Promise<void>; end(): void }>;
}

export interface StepPort {
  /** Of a step that nobody knows yet: where its short-lived files may lie. Gone with the step, and swept at start. */
  folder(id: string): string;
  /** Disposing the running step removes what is left of it. @throws EngineError */
  launch(request: StepRequest): Promise<RunningStep>;
}

export interface ShellRequest {
  readonly args: readonly string[];
  readonly terminal?: { readonly rows: number; readonly cols: number } | undefined;
}

export type Shell = RunningStep;

/** Unpacks an archive of any compression into a folder of a root, links followed inside of it. */
export interface UnpackPort {
  unpack(root: RootMount, path: string, owner: "archive" | { readonly uid: number; readonly gid: number }, archive: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void>;
}

export interface WorkerProcess {
  readonly exited: Promise<number>;
  readonly stdin: { write(bytes: Uint8Array): Promise<void>; end(): void };
  readonly stdout: AsyncIterable<Uint8Array>;
  kill(): Promise<void>;
}
