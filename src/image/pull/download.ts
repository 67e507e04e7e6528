import { EngineError, noteGarbage } from "../../base/mod.ts";
import { checkApplied, type AppliedLayer, type Extractor, type GrowingUnpack } from "../../archive/mod.ts";
import type { ContentStore, PartialBlob } from "../../content/mod.ts";
import { RegistryError, type BlobStream, type Repository } from "../../registry/mod.ts";
import type { NewLayer } from "../../snapshot/mod.ts";
import type { Digest } from "../../spec/mod.ts";

export interface DownloadDeps {
  readonly content: ContentStore;
  readonly extractor: Extractor;
}

export interface LayerDownload {
  readonly repository: Repository;
  readonly digest: Digest;
  readonly size: number;
  /** Where else a foreign layer may be had. */
  readonly urls: readonly string[];
  readonly signal: AbortSignal;
  readonly onBytes: (bytes: number) => void;
  /** All bytes are here; `read` of them were unpacked. */
  readonly onUnpacked: (read: number) => void;
  readonly onRetry: (error: Error, delayMs: number) => void;
  readonly onWhole: () => void;
}

/** Below this a helper of its own costs more than it saves: such layers wait for one that unpacks many. */
const STREAMED_BYTES = 2 * 1024 * 1024;

/** What came is not what its digest promises. */
class WrongContent extends EngineError {
  constructor(message: string) {
    super("InvalidParameter", message);
  }
}

const unverified = (digest: Digest): WrongContent => new WrongContent(`filesystem layer verification failed for digest ${digest}`);

/** A verified blob that is not yet in the store; the receiver disposes of it. */
export interface Downloaded {
  readonly partial: PartialBlob;
  /** Undefined when it was not unpacked. */
  readonly applied: AppliedLayer | undefined;
}

/**
 * Fetches a layer's blob, going on where an earlier download was cut, and unpacks it while it arrives where it is large.
 * @param newFolder makes an empty folder in place of the one before
 */
export async function downloadLayer(deps: DownloadDeps, layer: LayerDownload, newFolder: () => NewLayer): Promise<Downloaded> {
  for (;;) {
    const attempt = new Attempt(deps, layer, newFolder);
    try {
      return await attempt.run();
    } catch (error) {
      if (!attempt.mayDoBetter) throw error;
    }
  }
}

class Attempt {
  /** After a failure: another attempt would have other bytes. */
  mayDoBetter = false;
  #resumed = false;
  #stream: BlobStream | undefined;
  #unpack: GrowingUnpack | undefined;

  constructor(
    readonly deps: DownloadDeps,
    readonly layer: LayerDownload,
    readonly newFolder: () => NewLayer,
  ) {}

  async run(): Promise<Downloaded> {
    const { digest, size } = this.layer;
    const partial = await this.deps.content.partial(digest, () => this.#unpack?.grown());
    try {
      await this.#fetch(partial);
      const applied = this.#unpack && (await this.#finishUnpacking(partial, this.#unpack));
      if (!applied && (await this.deps.content.digestOf(partial.path)) !== digest) throw unverified(digest);
      return { partial, applied };
    } catch (error) {
      const isWrong = error instanceof WrongContent;
      const isElsewhere = (isWrong || error instanceof RegistryError) && (this.#stream?.distrust() ?? false);
      // What an earlier download left may have been damaged since: from the beginning, once.
      this.mayDoBetter = !this.layer.signal.aborted && (isElsewhere || (isWrong && this.#resumed));
      if (isWrong || isElsewhere || isFull(error) || size === 0) await partial.discard();
      else await partial[Symbol.asyncDispose]();
      throw error;
    } finally {
      await this.#unpack?.[Symbol.asyncDispose]();
    }
  }

  async #fetch(partial: PartialBlob): Promise<void> {
    const { digest, size, urls, repository, signal, onBytes, onRetry, onWhole } = this.layer;
    if (partial.size > size) await partial.restart();
    const offset = partial.size;
    const bytes = offset === size && size > 0 ? undefined : await repository.blob(digest, { offset, expectedSize: size, urls, signal, onRetry });
    if (bytes && bytes.offset !== offset) await partial.restart();
    this.#stream = bytes;
    this.#resumed = partial.size > 0;
    if (size >= STREAMED_BYTES) this.#unpack = this.deps.extractor.unpackGrowing({ blob: partial.path, targetDir: this.newFolder().folder, onRead: this.layer.onUnpacked });
    onBytes(partial.size);
    for await (const chunk of bytes ?? []) {
      signal.throwIfAborted();
      if (partial.size + chunk.length > size) throw new WrongContent(`the registry sends more than the ${size} bytes that the manifest declares`);
      await partial.write(chunk);
      noteGarbage(chunk.length);
      onBytes(partial.size);
    }
    await partial.seal();
    signal.throwIfAborted();
    if (partial.size !== size) throw new WrongContent(`the registry sends ${partial.size} bytes, the manifest declares ${size}`);
    onWhole();
  }

  async #finishUnpacking(partial: PartialBlob, unpack: GrowingUnpack): Promise<AppliedLayer> {
    const { digest, signal } = this.layer;
    unpack.whole();
    const abort = (): void => void unpack[Symbol.asyncDispose]();
    signal.addEventListener("abort", abort, { once: true });
    try {
      const applied = await unpack.result;
      checkApplied(applied, { digest });
      return applied;
    } catch (error) {
      signal.throwIfAborted();
      // A damaged archive looks like a malformed one: the digest knows which it is.
      if ((await this.deps.content.digestOf(partial.path)) !== digest) throw unverified(digest);
      throw error;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }
}

export function isFull(error: unknown): boolean {
  return error instanceof Error && (("code" in error && error.code === "ENOSPC") || /ENOSPC|[Nn]o space left on device/.test(error.message));
}
