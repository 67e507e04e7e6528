import { EngineError } from "../../base/mod.ts";
import type { Repository } from "../../registry/mod.ts";
import { canonicalName, familiarName, MEDIA, parseDigest, type Descriptor, type Digest, type ImageManifest, type Reference } from "../../spec/mod.ts";
import type { BlobHolds } from "../blob-holds.ts";
import { MAX_MANIFEST_BYTES } from "../config.ts";
import { shortID } from "../image.ts";
import { leaseExisting, settleAll } from "../install.ts";
import type { PlatformWish } from "../platform.ts";
import type { Layer } from "../../snapshot/mod.ts";
import type { ImageRow, ImageStore } from "../store.ts";
import { stateMessage, type TransferMessage } from "../transfer-progress.ts";
import { expectedDescriptor } from "./layer-source.ts";
import { entryFor, indexDescriptor, pushStored, tellPushed, wholeIndex } from "./push-stored.ts";
import { Upload, type UploadDeps } from "./upload.ts";

export interface PushDeps extends UploadDeps {
  readonly store: ImageStore;
  readonly holds: BlobHolds;
}

export interface PushRequest {
  /** With a tag. */
  readonly reference: Reference;
  readonly repository: Repository;
  /** Of several that the name stands for, the one for this platform alone. */
  readonly platform?: PlatformWish | undefined;
  readonly signal: AbortSignal;
}

export interface Pushed {
  readonly digest: Digest;
}

/**
 * Sends what one tag stands for: an image, or an index with all of its platforms and attestations when they are here, with one of its images alone when
 * they are not, or when that is wanted. @throws EngineError, RegistryError
 */
export async function pushImage(deps: PushDeps, request: PushRequest, tell: (message: TransferMessage) => void): Promise<Pushed> {
  const { reference } = request;
  const name = canonicalName(reference);
  const id = deps.store.idByName(name);
  const row = id === undefined ? undefined : deps.store.row(id);
  if (!row) throw new EngineError("NotFound", `tag does not exist: ${familiarName(reference)}`);
  const index = deps.store.indexes.ofName(name);
  if (index === undefined) return await pushRow(deps, request, row, tell);
  if (request.platform) return await pushStored(deps, request, entryFor(deps, index, request), tell);
  const whole = wholeIndex(deps, index);
  if (whole) {
    const pushed = await pushStored(deps, request, whole, tell);
    deps.store.putRepoDigest(canonicalName({ domain: reference.domain, path: reference.path, digest: index }), row.id, index);
    return pushed;
  }
  const pushed = await pushRow(deps, request, row, tell);
  tell({ aux: { manifestPushedInsteadOfIndex: true, originalIndex: indexDescriptor(deps, index), selectedManifest: { mediaType: pushed.mediaType, digest: pushed.digest, size: pushed.size } } });
  return pushed;
}

/** Layers side by side, those that the registry has not; then the manifest. */
async function pushRow(deps: PushDeps, request: PushRequest, row: ImageRow, tell: (message: TransferMessage) => void): Promise<Descriptor> {
  const { reference, signal } = request;
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
  tellPushed(tag, { digest, size: bytes.length }, tell);
  return { mediaType, digest, size: bytes.length };
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
