import type { Digest } from "../../spec/mod.ts";
import { blobKey, uploadKey, type UploadFollower, type UploadWriter } from "../storage/mod.ts";
import type { Repositories } from "./repositories.ts";

const PIECE_BYTES = 256 * 1024;

export interface FlightPlan {
  readonly repositories: Repositories;
  readonly name: string;
  readonly digest: Digest;
  readonly size: number;
  readonly fetch: (signal: AbortSignal) => Promise<AsyncIterable<Uint8Array>>;
  readonly fetched: (bytes: number) => void;
}

/**
 * One blob on its way from the registry behind a cache into the storage. Any number of clients read along; what they read is
 * what is stored, and its last piece is handed out only when all of it has been verified and kept.
 */
export class BlobFlight {
  readonly #plan: FlightPlan;
  readonly #id = crypto.randomUUID();
  readonly #key: string;
  readonly #abort = new AbortController();
  readonly #landed: Promise<void>;
  readonly #began = Promise.withResolvers<void>();
  /** Resolved and made anew with every step forward. */
  #step = Promise.withResolvers<void>();
  #stored = 0;
  #readers = 0;
  #over = false;

  constructor(plan: FlightPlan) {
    this.#plan = plan;
    this.#key = uploadKey(plan.name, this.#id);
    this.#landed = this.#fly();
    // Whoever waits is told; nobody waiting is no fault.
    this.#landed.catch(() => undefined);
    this.#began.promise.catch(() => undefined);
  }

  /** Resolves when the blob is kept. @throws what the fetch or the verification failed with */
  get landed(): Promise<void> {
    return this.#landed;
  }

  /** Its last reader has gone: whoever comes now needs another one. */
  get isAbandoned(): boolean {
    return this.#abort.signal.aborted;
  }

  /** The blob's bytes as they arrive. Undefined where the storage cannot be read along: wait for the landing then. */
  async follow(): Promise<ReadableStream<Uint8Array> | undefined> {
    const { uploads } = this.#plan.repositories.storage;
    if (!uploads.follow || this.#over) return undefined;
    this.#readers++;
    try {
      await this.#began.promise;
      return this.#streamOf(await uploads.follow(this.#key));
    } catch (error) {
      await this.#leave();
      // It landed, and its upload got its final name, in between.
      if (this.#over) return await this.#landed.then(() => undefined);
      throw error;
    }
  }

  #streamOf(follower: UploadFollower): ReadableStream<Uint8Array> {
    let offset = 0;
    const leave = async (): Promise<void> => {
      await follower[Symbol.asyncDispose]();
      await this.#leave();
    };
    return new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        try {
          const bytes = await follower.read(offset, await this.#readable(offset));
          offset += bytes.length;
          if (bytes.length > 0) controller.enqueue(bytes);
          if (offset < this.#plan.size) return;
          controller.close();
          await leave();
        } catch (error) {
          await leave();
          controller.error(error);
        }
      },
      cancel: leave,
    });
  }

  /** How many bytes from an offset may be handed out; waits until there are some. */
  async #readable(offset: number): Promise<number> {
    while (!this.#over && this.#stored - offset <= 0) await this.#step.promise;
    if (this.#over) await this.#landed;
    return Math.min(PIECE_BYTES, (this.#over ? this.#plan.size : this.#stored) - offset);
  }

  /** With the last reader the fetch ends too. */
  async #leave(): Promise<void> {
    if (--this.#readers === 0 && !this.#over) this.#abort.abort();
  }

  async #fly(): Promise<void> {
    const { repositories, name, digest } = this.#plan;
    const { uploads } = repositories.storage;
    try {
      await repositories.startUpload(name, this.#id);
      await using upload = await uploads.open(this.#key);
      if (!upload) throw new Error("the upload vanished");
      this.#began.resolve();
      await this.#receive(upload);
      await upload.commit(blobKey(digest), digest);
      await repositories.linkBlob(name, digest);
    } catch (error) {
      this.#began.reject(error);
      await uploads.remove(this.#key);
      throw error;
    } finally {
      this.#over = true;
      this.#step.resolve();
    }
  }

  async #receive(upload: UploadWriter): Promise<void> {
    const { size, fetch, fetched } = this.#plan;
    for await (const bytes of await fetch(this.#abort.signal)) {
      fetched(bytes.length);
      await upload.write(bytes);
      if (upload.offset > size) throw new Error(`the registry sent more than the ${size} bytes it announced`);
      // The last piece waits for the verification.
      this.#stored = Math.min(upload.stored, size - 1);
      this.#step.resolve();
      this.#step = Promise.withResolvers();
    }
    if (upload.offset !== size) throw new Error(`the registry sent ${upload.offset} of ${size} bytes`);
  }
}
