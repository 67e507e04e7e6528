import type { AppliedLayer } from "../../archive/mod.ts";
import type { Repository } from "../../registry/mod.ts";
import type { NewLayer } from "../../snapshot/mod.ts";
import type { Descriptor, Digest } from "../../spec/mod.ts";
import type { FreshLayer } from "../install.ts";
import type { UnpackDeps } from "../install-deps.ts";
import { shortID } from "../image.ts";
import type { Semaphore } from "../semaphore.ts";
import { stateMessage, throttledBar, type TransferMessage } from "../transfer-progress.ts";
import { downloadLayer, type Downloaded } from "./download.ts";
import type { VerifiedBlob, VerifiedBlobs } from "./verified-blobs.ts";

export interface LayerJobDeps extends UnpackDeps {
  readonly downloads: Semaphore;
  readonly verified: VerifiedBlobs;
}

export type LayerListener = (message: TransferMessage) => void;

/** One layer on its way, however many wait for it: downloaded once, unpacked once. */
export class LayerJob implements FreshLayer {
  layer: NewLayer | undefined;
  applied: AppliedLayer | undefined;
  used = false;
  readonly result: Promise<AppliedLayer>;
  readonly #listeners = new Set<LayerListener>();
  readonly #abort = new AbortController();
  readonly #id: string;
  #last: TransferMessage | undefined;
  #blob: VerifiedBlob | undefined;
  #failed = false;

  constructor(
    readonly deps: LayerJobDeps,
    readonly descriptor: Descriptor,
    readonly repository: Repository,
  ) {
    this.#id = shortID(descriptor.digest);
    this.result = this.#run();
    this.result.catch(() => (this.#failed = true));
  }

  get wanted(): boolean {
    return this.#listeners.size > 0;
  }

  /** Whether others may wait for it. */
  get joinable(): boolean {
    return this.wanted && !this.#failed;
  }

  /** Moves the blob into the store; when the image that refers to it is about to be written. */
  async accept(): Promise<void> {
    await this.#blob?.accept();
  }

  listen(listener: LayerListener): void {
    if (this.#last) listener(this.#last);
    this.#listeners.add(listener);
  }

  /** The last to leave ends the work; what was downloaded is kept for the next try. Resolves when nothing of it is done any more. */
  async leave(listener: LayerListener): Promise<void> {
    this.#listeners.delete(listener);
    if (this.wanted) return;
    this.#abort.abort(new Error("the download was given up"));
    // Who waited has been told, ignoring.
    await this.result.catch(() => undefined);
    this.layer?.[Symbol.dispose]();
    await this.#blob?.[Symbol.asyncDispose]();
  }

  async #run(): Promise<AppliedLayer> {
    // Nobody listens yet while the constructor runs.
    await Promise.resolve();
    this.applied = await this.#bring();
    this.#tell("Pull complete");
    return this.applied;
  }

  async #bring(): Promise<AppliedLayer> {
    const { content, downloads, verified } = this.deps;
    const { digest } = this.descriptor;
    using _only = await verified.lock(digest);
    if (content.has(digest)) return await this.#unpack(content.path(digest));
    this.#blob = verified.use(digest);
    if (this.#blob) return await this.#unpack(this.#blob.path);
    if (downloads.full) this.#tell("Waiting");
    const { partial, applied } = await downloads.run(() => this.#download(), this.#abort.signal);
    this.#blob = verified.add(digest, partial);
    return applied ?? (await this.#unpack(partial.path));
  }

  #download(): Promise<Downloaded> {
    const { digest, size, urls = [] } = this.descriptor;
    const extracting = throttledBar(this.#id, "Extracting", size, (message) => this.#say(message));
    let whole = false;
    return downloadLayer(
      this.deps,
      {
        repository: this.repository,
        digest,
        size,
        urls,
        signal: this.#abort.signal,
        onBytes: throttledBar(this.#id, "Downloading", size, (message) => this.#say(message)),
        onWhole: () => {
          whole = true;
          this.#tell("Verifying Checksum");
          this.#tell("Download complete");
        },
        onUnpacked: (read) => whole && extracting(read),
        onRetry: (_error, delayMs) => this.#tell(`Retrying in ${Math.max(1, Math.round(delayMs / 1000))} seconds`),
      },
      () => this.#newFolder(),
    );
  }

  async #unpack(blob: string): Promise<AppliedLayer> {
    const { digest, size } = this.descriptor;
    return await this.deps.slots.run(async () => {
      const { folder } = this.#newFolder();
      const applied = await this.deps.extractor.unpack({ blob, targetDir: folder, format: "layer", expected: { digest } });
      throttledBar(this.#id, "Extracting", size, (message) => this.#say(message))(size);
      return applied;
    }, this.#abort.signal);
  }

  #newFolder(): NewLayer {
    this.layer?.[Symbol.dispose]();
    this.layer = this.deps.snapshots.layers.create();
    return this.layer;
  }

  #tell(status: string): void {
    this.#say(stateMessage(this.#id, status));
  }

  #say(message: TransferMessage): void {
    this.#last = message;
    for (const listener of this.#listeners) listener(message);
  }
}

/** The layers under way, by what they will be and what they come as. */
export class LayerJobs {
  readonly #jobs = new Map<string, LayerJob>();

  constructor(readonly deps: LayerJobDeps) {}

  /** Joins who pulls the layer already, or begins. */
  join(chainID: Digest, descriptor: Descriptor, repository: Repository, listener: LayerListener): JoinedLayer {
    const key = `${chainID} ${descriptor.digest}`;
    const known = this.#jobs.get(key);
    const job = known?.joinable ? known : new LayerJob(this.deps, descriptor, repository);
    this.#jobs.set(key, job);
    job.listen(listener);
    return new JoinedLayer(job, listener, () => {
      if (!job.wanted && this.#jobs.get(key) === job) this.#jobs.delete(key);
    });
  }
}

/** One pull's part in a job; disposing leaves it. */
export class JoinedLayer implements AsyncDisposable {
  readonly result: Promise<AppliedLayer>;
  readonly #left = Promise.withResolvers<never>();
  #leaving: Promise<void> | undefined;

  constructor(
    readonly job: LayerJob,
    readonly listener: LayerListener,
    readonly onLeave: () => void,
  ) {
    this.#left.promise.catch(() => undefined);
    this.result = Promise.race([job.result, this.#left.promise]);
    this.result.catch(() => undefined);
  }

  get fresh(): FreshLayer {
    return this.job;
  }

  /** Ends the wait at once; disposing waits for the end of the work, where this was the last who wanted it. */
  giveUp(reason: unknown): void {
    this.#left.reject(reason);
  }

  /** Whoever installs the image disposes too: it leaves once. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#leaving ??= this.#leave();
    await this.#leaving;
  }

  #leave(): Promise<void> {
    this.giveUp(new Error("no longer wanted"));
    const leaving = this.job.leave(this.listener);
    this.onLeave();
    return leaving;
  }
}
