import { EngineError, messageOf } from "../../base/mod.ts";
import type { Repository } from "../../registry/mod.ts";
import { canonicalName, familiarName, MEDIA, parseDigest, type Descriptor, type Digest, type ImageManifest, type Reference } from "../../spec/mod.ts";
import type { BlobHolds } from "../blob-holds.ts";
import { MAX_MANIFEST_BYTES } from "../config.ts";
import { shortID } from "../image.ts";
import { leaseExisting, settleAll } from "../install.ts";
import type { Layer } from "../../snapshot/mod.ts";
import type { Semaphore } from "../semaphore.ts";
import type { ImageRow, ImageStore } from "../store.ts";
import { stateMessage, throttledBar, type TransferMessage } from "../transfer-progress.ts";
import { blobAsItIs, expectedDescriptor, leavesAsItIs, packedBefore, packNow, type LayerSourceDeps, type OutgoingLayer } from "./layer-source.ts";

export interface PushDeps extends LayerSourceDeps {
  readonly store: ImageStore;
  readonly holds: BlobHolds;
  readonly uploads: Semaphore;
  /** Layers packed at a time. */
  readonly packing: Semaphore;
}

export interface PushRequest {
  /** With a tag. */
  readonly reference: Reference;
  readonly repository: Repository;
  readonly signal: AbortSignal;
}

export interface Pushed {
  readonly id: Digest;
  readonly digest: Digest;
}

/** Sends one image under one tag: layers side by side, those that the registry has not; then its manifest. @throws EngineError, RegistryError */
export async function pushImage(deps: PushDeps, request: PushRequest, tell: (message: TransferMessage) => void): Promise<Pushed> {
  const { reference, signal } = request;
  const id = deps.store.idByName(canonicalName(reference));
  const row = id === undefined ? undefined : deps.store.row(id);
  if (!row) throw new EngineError("NotFound", `tag does not exist: ${familiarName(reference)}`);
  await using hold = deps.holds.open();
  using _lease = leaseExisting(deps.snapshots, deps.store.chain(row.id));
  const { manifest } = deps.store.parsed(row);
  for (const held of [row.id, row.manifest, ...manifest.layers.map(({ digest }) => digest)]) hold.add(held);
  const layers = deps.store.layers(row.id);
  for (const { diffID } of layers) tell(stateMessage(shortID(diffID), "Preparing"));
  const outgoing = (await keptAlready(deps, request, row, layers)) ?? (await sendBlobs(deps, request, { row, layers, hold }, tell));
  if (outgoing.kept) for (const { diffID } of layers) tell(stateMessage(shortID(diffID), "Layer already exists"));
  const { bytes, mediaType, digest } = outgoing;
  const tag = reference.tag ?? "latest";
  if (outgoing.kept !== "tagged") await request.repository.putManifest(tag, mediaType, bytes, { signal });
  deps.places.note(reference, outgoing.layers);
  deps.store.putRepoDigest(canonicalName({ domain: reference.domain, path: reference.path, digest }), row.id);
  tell({ status: `${tag}: digest: ${digest} size: ${bytes.length}` });
  tell({ progressDetail: {}, aux: { Tag: tag, Digest: digest, Size: bytes.length } });
  return { id: row.id, digest };
}

interface OutgoingManifest {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
  readonly digest: Digest;
  readonly layers: readonly Digest[];
  /** The registry has it, and so what it names: under this tag too. */
  readonly kept?: "tagged" | "untagged";
}

/** Where it is known what will go, the registry is asked for the whole before it is asked for each of its parts. */
async function keptAlready(deps: PushDeps, { reference, repository, signal }: PushRequest, row: ImageRow, layers: readonly Layer[]): Promise<OutgoingManifest | undefined> {
  const { manifest } = deps.store.parsed(row);
  const expected = manifest.layers.map((descriptor, index) => expectedDescriptor(deps, descriptor, layers[index]));
  if (expected.includes(undefined)) return undefined;
  const outgoing = outgoingManifest(deps, row, manifest, expected as Descriptor[]);
  if ((await repository.keptAs(reference.tag ?? "latest", { signal })) === outgoing.digest) return { ...outgoing, kept: "tagged" };
  return (await repository.keptAs(outgoing.digest, { signal })) === outgoing.digest ? { ...outgoing, kept: "untagged" } : undefined;
}

interface OutgoingImage {
  readonly row: ImageRow;
  readonly layers: readonly Layer[];
  readonly hold: ReturnType<BlobHolds["open"]>;
}

async function sendBlobs(deps: PushDeps, request: PushRequest, { row, layers, hold }: OutgoingImage, tell: (message: TransferMessage) => void): Promise<OutgoingManifest> {
  const { manifest } = deps.store.parsed(row);
  const stop = new AbortController();
  const upload = new Upload(deps, { ...request, signal: AbortSignal.any([request.signal, stop.signal]) }, hold, tell);
  const stopAll = <T>(work: Promise<T>): Promise<T> => work.catch((error: unknown) => {
    stop.abort(error);
    throw error;
  });
  const sending = manifest.layers.map((descriptor, index) => stopAll(upload.layer(descriptor, layers[index])));
  const config = stopAll(upload.config(row.id, manifest.config));
  try {
    const [sent] = await settleAll<Descriptor[] | void>([settleAll(sending), config]);
    return outgoingManifest(deps, row, manifest, sent ?? []);
  } catch (error) {
    throw stop.signal.aborted ? stop.signal.reason : error;
  }
}

/** The manifest as it came, where every layer goes as it came; otherwise one that names what went. */
function outgoingManifest({ content }: PushDeps, row: ImageRow, manifest: ImageManifest, layers: readonly Descriptor[]): OutgoingManifest {
  const digests = layers.map(({ digest }) => digest);
  if (digests.every((digest, index) => digest === manifest.layers[index]?.digest)) return { bytes: content.read(row.manifest, MAX_MANIFEST_BYTES), mediaType: manifest.mediaType || MEDIA.ociManifest, digest: row.manifest, layers: digests };
  const { annotations, config } = manifest;
  const sent = {
    schemaVersion: 2,
    mediaType: MEDIA.ociManifest,
    config: { mediaType: MEDIA.ociConfig, digest: config.digest, size: config.size },
    layers: layers.map(({ mediaType, digest, size }) => ({ mediaType: mediaType === MEDIA.dockerLayerGzip ? MEDIA.ociLayerGzip : mediaType, digest, size })),
    ...(annotations && { annotations }),
  };
  const bytes = Buffer.from(JSON.stringify(sent));
  return { bytes, mediaType: MEDIA.ociManifest, digest: parseDigest(`sha256:${new Bun.CryptoHasher("sha256").update(bytes).digest("hex")}`), layers: digests };
}

class Upload {
  /** Two layers of the same bytes go once. */
  readonly #sent = new Map<Digest, Promise<Descriptor>>();

  constructor(
    readonly deps: PushDeps,
    readonly request: PushRequest,
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
    return await this.#send(id, await deps.packing.run(() => packNow(deps, pack), signal));
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
  if (error instanceof EngineError && (error.kind === "Unauthorized" || error.kind === "Forbidden")) return error;
  return new EngineError(error instanceof EngineError ? error.kind : "System", `${about}: ${messageOf(error)}`, { cause: error });
}
