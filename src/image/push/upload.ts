import { EngineError, messageOf } from "../../base/mod.ts";
import type { Layer } from "../../snapshot/mod.ts";
import { familiarName, type Descriptor, type Digest } from "../../spec/mod.ts";
import type { StreamOptions } from "../../registry/mod.ts";
import type { BlobHolds } from "../blob-holds.ts";
import type { PackedLayer } from "../blob-places.ts";
import { shortID } from "../image.ts";
import type { Semaphore } from "../semaphore.ts";
import { stateMessage, throttledBar, type TransferMessage } from "../transfer-progress.ts";
import { blobAsItIs, leavesAsItIs, packedBefore, packedBytes, packedDescriptor, packNow, type LayerSourceDeps, type OutgoingLayer, type PackRequest } from "./layer-source.ts";
import type { PushRequest } from "./push.ts";

export interface UploadDeps extends LayerSourceDeps {
  readonly uploads: Semaphore;
  /** Small layers that are packed, and their uploads begun, before it is their turn to be sent: what a registry does for each then takes longest. */
  readonly prepared: Semaphore;
  /** Layers packed at a time. */
  readonly packing: Semaphore;
}

/** Packed, less than what a repository reads before it sends. */
const SMALL_BYTES = 512 * 1024;

/** Blobs of one push on their way to the registry, side by side. */
export class Upload {
  /** Two layers of the same bytes go once. */
  readonly #sent = new Map<Digest, Promise<Descriptor>>();

  constructor(
    readonly deps: UploadDeps,
    readonly request: Pick<PushRequest, "reference" | "repository" | "signal">,
    readonly hold: ReturnType<BlobHolds["open"]>,
    readonly tell: (message: TransferMessage) => void,
  ) {}

  /** @returns what the registry has of it */
  layer(descriptor: Descriptor, layer: Layer | undefined): Promise<Descriptor> {
    const known = this.#sent.get(descriptor.digest);
    const sending = known ?? this.#layer(descriptor, layer).catch((error: unknown) => {
      throw told(error, `cannot push ${familiarName(this.request.reference)}: layer ${shortID(layer?.diffID ?? descriptor.digest)}`);
    });
    this.#sent.set(descriptor.digest, sending);
    return sending;
  }

  async config(id: Digest, { size }: Descriptor): Promise<void> {
    const { content, uploads } = this.deps;
    const { repository, signal } = this.request;
    await uploads.run(() => repository.uploadBlob({ digest: id, size, open: () => content.open(id) }, { signal }), signal);
  }

  /** A blob that goes as it lies here. */
  async stored(descriptor: Descriptor): Promise<void> {
    const id = shortID(descriptor.digest);
    await this.#send(id, blobAsItIs(this.deps, descriptor)).catch((error: unknown) => {
      throw told(error, `cannot push ${familiarName(this.request.reference)}: blob ${id}`);
    });
  }

  async #layer(descriptor: Descriptor, layer: Layer | undefined): Promise<Descriptor> {
    const { deps, hold } = this;
    const { signal } = this.request;
    const id = shortID(layer?.diffID ?? descriptor.digest);
    if (descriptor.urls && descriptor.urls.length > 0) {
      this.tell(stateMessage(id, "Skipped foreign layer"));
      return descriptor;
    }
    if (!layer || leavesAsItIs(deps, descriptor)) return await this.#send(id, blobAsItIs(deps, descriptor));
    const pack = { descriptor, layer, hold, signal };
    const before = packedBefore(deps, pack);
    if (before) {
      try {
        return await this.#send(id, before);
      } catch (error) {
        signal.throwIfAborted();
        // Another release may pack in another way: then what was expected does not come out.
        if (!/digest|size|bytes/i.test(messageOf(error))) throw error;
      }
    }
    return (await this.#whilePacked(id, pack)) ?? (await this.#send(id, await deps.packing.run(() => packNow(deps, pack), signal)));
  }

  /** Undefined when it did not go so: what is packed first can be sent again and again. */
  async #whilePacked(id: string, pack: PackRequest): Promise<Descriptor | undefined> {
    const { deps, tell } = this;
    const { repository, signal } = this.request;
    const onProgress = throttledBar(id, "Pushing", pack.descriptor.size, tell);
    try {
      const turn = <T>(send: () => Promise<T>): Promise<T> => deps.uploads.run(send, signal);
      const send = (options: StreamOptions): Promise<PackedLayer> => repository.uploadStream(deps.packing.during(packedBytes(deps, pack), signal), { signal, onProgress, ...options });
      // A large one would keep others from being packed while it waits for its turn.
      const packed = await (pack.descriptor.size <= SMALL_BYTES ? deps.prepared.run(() => send({ turn }), signal) : turn(() => send({})));
      deps.places.notePacked(pack.layer.diffID, packed);
      tell(stateMessage(id, "Pushed"));
      return packedDescriptor(packed);
    } catch (error) {
      signal.throwIfAborted();
      if (isRefusal(error)) throw error;
      return undefined;
    }
  }

  async #send(id: string, { descriptor, open }: OutgoingLayer): Promise<Descriptor> {
    const { places, uploads } = this.deps;
    const { repository, reference, signal } = this.request;
    const mountFrom = places.othersWith(reference, descriptor.digest);
    if (uploads.full) this.tell(stateMessage(id, "Waiting"));
    const onProgress = throttledBar(id, "Pushing", descriptor.size, this.tell);
    const onRetry = (_error: Error, delayMs: number): void => this.tell(stateMessage(id, `Retrying in ${Math.max(1, Math.round(delayMs / 1000))} seconds`));
    const outcome = await uploads.run(() => repository.uploadBlob({ digest: descriptor.digest, size: descriptor.size, open, mountFrom }, { signal, onProgress, onRetry }), signal);
    this.tell(stateMessage(id, outcome === "uploaded" ? "Pushed" : outcome === "exists" ? "Layer already exists" : `Mounted from ${mountFrom[0] ?? "another repository"}`));
    return descriptor;
  }
}

/** What a registry does not let someone do is told in its own words, as Docker does. */
function told(error: unknown, about: string): EngineError {
  if (isRefusal(error)) return error;
  return new EngineError(error instanceof EngineError ? error.kind : "System", `${about}: ${messageOf(error)}`, { cause: error });
}

const isRefusal = (error: unknown): error is EngineError => error instanceof EngineError && (error.kind === "Unauthorized" || error.kind === "Forbidden");
