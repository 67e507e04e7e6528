import { EngineError, type Framing } from "../base/mod.ts";
import { parseDigest, type RootMount, type RuntimeMount } from "../spec/mod.ts";
import type { AppliedLayer } from "./apply-layer.ts";
import type { PathStat } from "./container-path.ts";
import { checkedReport } from "./report.ts";
import { JOB_CAPABILITIES, type JobRoot, type TreeJob, type WritableMount } from "./tree-job.ts";
import type { Owner } from "./layer-writer.ts";

/** A container's files: what its processes see (an open folder, the caller's to close), or mounted for the helper alone. */
export type TreeRoot = { readonly kind: "running"; readonly folder: number } | { readonly kind: "mounted"; readonly root: RootMount; readonly binds: readonly RuntimeMount[] };

export interface TreeProcess {
  readonly exited: Promise<number>;
  readonly stdin: { write(bytes: Uint8Array): Promise<void>; end(): void; give(fd: number): void } | undefined;
  readonly stdout: AsyncIterable<Uint8Array>;
  kill(): Promise<void>;
}

/** Starts `hako __tree <job>` with these capabilities and nothing else to see. */
export type LaunchTree = (launch: {
  readonly job: TreeJob;
  readonly capabilities: readonly string[];
  readonly mounted?: { readonly root: RootMount; readonly binds: readonly RuntimeMount[] };
  /** Goes to the helper with the first byte of its stdin. */
  readonly folder?: number;
  readonly input: boolean;
}) => Promise<TreeProcess>;

export interface UnpackTree {
  readonly path: string;
  readonly keepKinds: boolean;
  readonly owner: Owner;
  readonly mounts: readonly WritableMount[];
  readonly rootReadOnly: boolean;
  /** The folder itself becomes what the archive says of its top. */
  readonly topToo?: boolean;
}

/** An archive about to be sent: one of the two is used, and to its end or given up. */
export interface PackedTree {
  readonly bytes: AsyncIterable<Uint8Array>;
  /** The helper itself writes to this connection, in chunks of HTTP without the last one. Resolves when all is written. */
  writeTo(client: number): Promise<void>;
}

/** An archive that a client is sending. */
export interface UploadedArchive {
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Its connection, to be read instead of the bytes. */
  readonly connection?: UploadConnection | undefined;
}

export interface UploadConnection {
  readonly framing: Framing;
  /** The descriptor, for this turn of the event loop, and what was taken from it of the body; undefined when the client has gone. */
  take(): { readonly descriptor: number; readonly begun: Uint8Array } | undefined;
}

const MAX_HEAD_BYTES = 64 * 1024;

/**
 * Work on containers' files, each job in a helper process. A job whose caller stops reading, or whose signal is aborted, ends.
 * NotFound without words means the path: only the caller knows what the container was called.
 */
export class Trees {
  constructor(
    readonly launch: LaunchTree,
    /** Where the helpers see what is mounted for them. */
    readonly mountPoint: string,
  ) {}

  async stat(root: TreeRoot, path: string, signal: AbortSignal): Promise<PathStat> {
    await using run = await this.#start({ kind: "stat", root: this.#jobRoot(root), path }, root, signal);
    return (await run.head()) as unknown as PathStat;
  }

  /** A tar of the path, named as Docker's; `whole` with all that this engine's own reader understands. */
  async pack(root: TreeRoot, path: string, emptied: readonly string[], signal: AbortSignal, { whole = false }: { readonly whole?: boolean } = {}): Promise<PackedTree & { stat: PathStat }> {
    const run = await this.#start({ kind: "pack", root: this.#jobRoot(root), path, emptied, ...(whole && { whole }) }, root, signal, true);
    const stat = await run.headOrEnd();
    return { stat: stat as unknown as PathStat, bytes: run.packed(), writeTo: (client) => run.writeTo(client) };
  }

  /** A tar of everything; names begin with the prefix. */
  async packAll(root: TreeRoot, signal: AbortSignal, { prefix = "" }: { readonly prefix?: string } = {}): Promise<PackedTree> {
    const run = await this.#start({ kind: "packAll", root: this.#jobRoot(root), ...(prefix !== "" && { prefix }) }, root, signal, true);
    await run.headOrEnd();
    return { bytes: run.packed(), writeTo: (client) => run.writeTo(client) };
  }

  /** Writes an archive, in any compression, into a folder of the container. @throws EngineError InvalidParameter, NotFound */
  async unpack(root: TreeRoot, request: UnpackTree, { bytes, connection }: UploadedArchive, signal: AbortSignal): Promise<void> {
    const framing = connection && { framing: connection.framing };
    await using run = await this.#start({ kind: "unpack", root: this.#jobRoot(root), ...request, ...framing }, root, signal, true);
    if (connection) run.hand(connection);
    await Promise.all([...(connection ? [] : [run.feed(bytes)]), run.head()]);
  }

  /** Docker's answer of what changed, as JSON text. */
  async changes(upper: string, lower: RootMount | undefined, ignored: readonly string[], signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const root: TreeRoot | undefined = lower && { kind: "mounted", root: lower, binds: [] };
    const run = await this.#start({ kind: "changes", upper, lower: lower && this.mountPoint, ignored }, root, signal);
    await run.headOrEnd();
    return run.rest();
  }

  /** Copies a writable layer into an empty folder, as a layer that its tar would unpack to. */
  async copyLayer(upper: string, target: string, ignored: readonly string[], signal: AbortSignal): Promise<AppliedLayer> {
    await using run = await this.#start({ kind: "layer", upper, target, ignored }, undefined, signal);
    const { diffID, digest, ...counts } = (await run.head()) as unknown as AppliedLayer;
    return { ...counts, digest: parseDigest(digest), diffID: parseDigest(diffID) };
  }

  /** A copy of a folder in an empty one of the same file system, whose files share blocks. @throws EngineError System where they cannot */
  async snapshot(source: string, target: string, signal: AbortSignal): Promise<void> {
    await using run = await this.#start({ kind: "snapshot", source, target }, undefined, signal);
    await run.head();
  }

  #jobRoot(root: TreeRoot): JobRoot {
    return root.kind === "running" ? { kind: "running" } : { kind: "folder", path: this.mountPoint };
  }

  async #start(job: TreeJob, root: TreeRoot | undefined, signal: AbortSignal, input = false): Promise<TreeRun> {
    signal.throwIfAborted();
    const process = await this.launch({
      job,
      capabilities: JOB_CAPABILITIES[job.kind],
      input: input || root?.kind === "running",
      ...(root?.kind === "mounted" && { mounted: root }),
      ...(root?.kind === "running" && { folder: root.folder }),
    });
    return new TreeRun(process, signal);
  }
}

/** One job under way: a line of JSON, then bytes, then the end of the process. */
class TreeRun implements AsyncDisposable {
  readonly #process: TreeProcess;
  readonly #output: AsyncIterator<Uint8Array>;
  readonly #signal: AbortSignal;
  readonly #abort = (): void => void this.#process.kill().catch(() => undefined);
  #held: Uint8Array = Buffer.alloc(0);

  constructor(process: TreeProcess, signal: AbortSignal) {
    this.#process = process;
    this.#output = process.stdout[Symbol.asyncIterator]();
    this.#signal = signal;
    signal.addEventListener("abort", this.#abort);
    if (signal.aborted) this.#abort();
  }

  /** @throws EngineError with the helper's own reason */
  async head(): Promise<Record<string, unknown>> {
    let held = Buffer.alloc(0);
    for (;;) {
      const next = await this.#output.next();
      if (next.done) throw new EngineError("System", `the helper ended with ${await this.#process.exited} and no result`);
      held = Buffer.concat([held, next.value]);
      const end = held.indexOf("\n");
      if (end >= 0) {
        this.#held = held.subarray(end + 1);
        return checkedReport(held.toString("utf8", 0, end));
      }
      if (held.length > MAX_HEAD_BYTES) throw new EngineError("System", "the helper's result is too long");
    }
  }

  async headOrEnd(): Promise<Record<string, unknown>> {
    try {
      return await this.head();
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw error;
    }
  }

  async *packed(): AsyncGenerator<Uint8Array, void, void> {
    await this.#process.stdin?.write(new Uint8Array(1));
    yield* this.rest();
  }

  /** @throws EngineError System when the helper failed on the way */
  async writeTo(client: number): Promise<void> {
    try {
      this.#process.stdin?.give(client);
    } catch (error) {
      // It ended before it was given anything.
      await this[Symbol.asyncDispose]();
      throw error;
    }
    for await (const _ of this.rest()) throw new EngineError("System", "the helper wrote where it should not");
  }

  /** From now on the helper reads the client's connection. @throws EngineError System when that is gone */
  hand(connection: UploadConnection): void {
    const { stdin } = this.#process;
    const taken = connection.take();
    if (!stdin || !taken) throw new EngineError("System", "the client has gone");
    stdin.give(taken.descriptor);
    // The helper's end is none of this one's failures: its result says why.
    void stdin.write(taken.begun).then(() => stdin.end(), () => undefined);
  }

  /** What follows the head. @throws EngineError System when the helper failed on the way */
  async *rest(): AsyncGenerator<Uint8Array, void, void> {
    try {
      if (this.#held.length > 0) yield this.#held;
      for (let next = await this.#output.next(); !next.done; next = await this.#output.next()) yield next.value;
      const code = await this.#process.exited;
      if (code !== 0) throw new EngineError("System", `the helper that read the files ended with ${code}`);
    } finally {
      await this[Symbol.asyncDispose]();
    }
  }

  /** The helper's end is none of this one's failures: its result says why. */
  async feed(archive: AsyncIterable<Uint8Array>): Promise<void> {
    const { stdin } = this.#process;
    if (!stdin) return;
    let gone = false;
    void this.#process.exited.finally(() => (gone = true)).catch(() => undefined);
    try {
      for await (const piece of archive) {
        // What nobody takes is read on: a client that is still sending does not hear our answer.
        if (!gone) gone = !(await stdin.write(piece).then(() => true, () => false));
      }
      stdin.end();
    } catch (error) {
      // The client broke off: what it had sent is no whole archive.
      this.#abort();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#signal.removeEventListener("abort", this.#abort);
    this.#process.stdin?.end();
    await this.#output.return?.();
    this.#abort();
  }
}
