import { durably, EngineError, formatInstant, messageOf, nowNs } from "../../base/mod.ts";
import type { Repository } from "../../registry/mod.ts";
import { canonicalName, familiarName, type Descriptor, type Digest, type Reference } from "../../spec/mod.ts";
import type { BlobHolds } from "../blob-holds.ts";
import type { BlobPlaces } from "../blob-places.ts";
import { chainIDs, parseConfig, parseJson, type StoredConfig } from "../config.ts";
import { shortID } from "../image.ts";
import type { KeptIndex } from "../index-store.ts";
import { installImage, leaseExisting, type LayerSource } from "../install.ts";
import type { InstallDeps } from "../install-deps.ts";
import type { PlatformWish } from "../platform.ts";
import { realizable } from "../realizable.ts";
import { stateMessage, type TransferMessage } from "../transfer-progress.ts";
import { chooseManifest, type ChosenManifest } from "./choose-manifest.ts";
import { configBlob } from "./config-blob.ts";
import { isFull } from "./download.ts";
import type { JoinedLayer, LayerJobs } from "./layer-job.ts";

export interface PullDeps extends InstallDeps {
  readonly holds: BlobHolds;
  readonly architecture: string;
  readonly jobs: LayerJobs;
  readonly places: BlobPlaces;
}

export interface PullRequest {
  /** With a tag or a digest. */
  readonly reference: Reference;
  readonly repository: Repository;
  /** This machine's where none is given. */
  readonly platform?: PlatformWish | undefined;
  /** Aborted when nobody wants it any more. */
  readonly signal: AbortSignal;
}

export interface Pulled {
  readonly id: Digest;
  /** What the registry calls it: of an index or a manifest. */
  readonly digest: Digest;
  /** The name did not stand for this image before. */
  readonly updated: boolean;
}

/**
 * Brings one image. Layers arrive side by side, shared with other pulls that want them too; what is here is not fetched. Nothing of a failure
 * stays but downloads that can be gone on with. @throws EngineError, RegistryError
 */
export async function pullImage(deps: PullDeps, request: PullRequest, tell: (message: TransferMessage) => void): Promise<Pulled> {
  const { reference, repository, signal } = request;
  const wish: PlatformWish = { architecture: deps.architecture, variant: undefined, ...(request.platform ?? { os: "linux" }) };
  const platform = { ...wish, architecture: wish.architecture ?? deps.architecture };
  const wanted = reference.digest ?? reference.tag ?? "latest";
  const found = await repository.manifest(wanted, { signal });
  const { digest } = found.descriptor;
  tell({ status: `Pulling from ${reference.path}`, id: wanted });
  const chosen = await chooseManifest(found, repository, platform, signal);
  await using hold = deps.holds.open();
  for (const held of [chosen.descriptor.digest, chosen.content.config.digest, ...chosen.content.layers.map((layer) => layer.digest)]) hold.add(held);
  const names = [canonicalName({ domain: reference.domain, path: reference.path, digest }), ...(reference.digest === undefined ? [canonicalName(reference)] : [])];
  const before = deps.store.idByName(names.at(-1) as string);
  const index = await keptIndex(deps, chosen, hold);
  const id = await bringImage(deps, { ...request, names, chosen, index }, tell);
  deps.places.note(reference, chosen.content.layers.map((layer) => layer.digest));
  tell({ status: `Digest: ${digest}` });
  return { id, digest, updated: before !== id };
}

interface ChosenImage extends PullRequest {
  readonly names: readonly string[];
  readonly chosen: ChosenManifest;
  readonly index: KeptIndex | undefined;
}

/** The index that the name stands for, kept with what of it is brought. */
async function keptIndex({ content }: PullDeps, { descriptor, content: { config, layers }, indexes }: ChosenManifest, hold: { add(digest: Digest): void }): Promise<KeptIndex | undefined> {
  const [outermost] = indexes;
  if (!outermost) return undefined;
  for (const { descriptor: { digest } } of indexes) hold.add(digest);
  for (const { bytes } of indexes) await content.put(bytes, { durable: false });
  return { digest: outermost.descriptor.digest, blobs: [...indexes.map((index) => index.descriptor.digest), descriptor.digest, config.digest, ...layers.map(({ digest }) => digest)] };
}

async function bringImage(deps: PullDeps, { reference, repository, signal, names, chosen, index }: ChosenImage, tell: (message: TransferMessage) => void): Promise<Digest> {
  const { content: manifest } = chosen;
  if (deps.store.row(manifest.config.digest) && ![chosen.descriptor, manifest.config, ...manifest.layers].some((blob) => isLost(deps, blob.digest))) {
    await restoreBlobs(deps, repository, chosen, signal);
    await nameImage(deps, manifest.config.digest, names, index);
    return manifest.config.digest;
  }
  const configBytes = await configBlob(deps.content, repository, manifest.config, signal);
  const config = parseConfig(parseJson(configBytes, "the config"));
  checkImage(config, manifest.layers.length);
  const chain = chainIDs(config.rootfs.diff_ids);
  using lease = leaseExisting(deps.snapshots, chain);
  const forms = manifest.layers.map((layer, index) => (index < lease.count && !isLost(deps, layer.digest) ? realizable(deps, chain[index] as Digest, layer) : layer));
  const isWanted = forms.map(({ digest }, index) => index >= lease.count || (!deps.content.has(digest) && digest !== config.rootfs.diff_ids[index]));
  for (const [index, { digest }] of manifest.layers.entries()) tell(stateMessage(shortID(digest), isWanted[index] ? "Pulling fs layer" : "Already exists"));
  await using layers = new WantedLayers(deps.jobs, repository, reference, signal, tell);
  const joined = manifest.layers.flatMap((layer, index) => (isWanted[index] ? [layers.join(chain[index] as Digest, layer)] : []));
  await layers.arrived();
  for (const { job } of joined) await job.accept();
  const stored = await storedManifest(deps, chosen, forms);
  const source = { configBytes, names, index: index && { ...index, blobs: index.blobs.filter((blob) => deps.content.has(blob)) }, ...stored };
  const { id } = await installImage(deps, source, { take: (_layer, chainID) => layers.take(chainID) }).catch((error: unknown) => {
    throw told(error, `cannot pull ${familiarName(reference)}`);
  });
  return id;
}

/** What a check of the store found damaged, and removed. */
async function restoreBlobs({ store, content }: PullDeps, repository: Repository, { descriptor, bytes, content: { config, layers } }: ChosenManifest, signal: AbortSignal): Promise<void> {
  const missing = new Set(store.blobsOf(config.digest).filter((digest) => !content.has(digest)));
  if (missing.has(descriptor.digest)) await content.put(bytes);
  for (const { digest, size } of [config, ...layers])
    if (missing.delete(digest)) await restoreBlob(content, repository, digest, size, signal);
}

async function restoreBlob(content: PullDeps["content"], repository: Repository, digest: Digest, size: number, signal: AbortSignal): Promise<void> {
  for (;;) {
    const stream = await repository.blob(digest, { expectedSize: size, signal });
    try {
      await content.ingest(stream, { expected: digest, maxBytes: size });
      return;
    } catch (error) {
      // A mirror may be wrong where the registry is right.
      if (signal.aborted || isFull(error) || !stream.distrust()) throw error;
    }
  }
}

/** An image counts on the blob, and it is gone: a check found it damaged. */
const isLost = ({ store, content }: PullDeps, digest: Digest): boolean => !content.has(digest) && store.hasBlob(digest);

/** The image is here: only what it is called may be new. */
async function nameImage({ store, content, dropUnnamed }: PullDeps, id: Digest, names: readonly string[], index: KeptIndex | undefined): Promise<void> {
  if (names.every((name) => store.idByName(name) === id && store.indexes.ofName(name) === index?.digest)) return;
  const blobs = index?.blobs.filter((blob) => content.has(blob)) ?? [];
  await content.sync(blobs);
  durably(store.db, () => {
    if (index) store.indexes.keep({ ...index, blobs }, id);
    for (const name of names) store.putName(name, id, formatInstant(nowNs()), index?.digest);
  });
  dropUnnamed();
}

/** The manifest as it came, unless layers that were here already are packed otherwise than it says. */
async function storedManifest(deps: PullDeps, chosen: ChosenManifest, layers: readonly LayerSource[]): Promise<{ layers: readonly LayerSource[]; manifest?: Digest }> {
  if (layers.some(({ digest }, index) => digest !== chosen.content.layers[index]?.digest)) return { layers };
  const { digest } = await deps.content.put(chosen.bytes, { durable: false });
  return { layers, manifest: digest };
}

function checkImage({ os, rootfs }: StoredConfig, layers: number): void {
  if (os !== "linux") throw new EngineError("InvalidParameter", `image operating system ${JSON.stringify(os)} cannot be used on this platform: operating system is not supported`);
  if (rootfs.diff_ids.length !== layers) throw new EngineError("InvalidParameter", `invalid manifest, layers length mismatch: expected ${rootfs.diff_ids.length}, got ${layers}`);
}

/** The layers that one pull waits for. When one fails, the others are not waited for. */
class WantedLayers implements AsyncDisposable {
  readonly #joined = new Map<Digest, JoinedLayer>();
  #failure: unknown;

  constructor(
    readonly jobs: LayerJobs,
    readonly repository: Repository,
    readonly reference: Reference,
    readonly signal: AbortSignal,
    readonly tell: (message: TransferMessage) => void,
  ) {
    signal.addEventListener("abort", this.#abort);
  }

  join(chainID: Digest, descriptor: Descriptor): JoinedLayer {
    const layer = this.jobs.join(chainID, descriptor, this.repository, this.tell);
    this.#joined.set(chainID, layer);
    layer.result.catch((error: unknown) => this.#giveUp(told(error, `cannot pull ${familiarName(this.reference)}: layer ${shortID(descriptor.digest)}`)));
    return layer;
  }

  /** @throws the first failure */
  async arrived(): Promise<void> {
    if (this.signal.aborted) this.#abort();
    await Promise.allSettled([...this.#joined.values()].map(({ result }) => result));
    if (this.#failure !== undefined) throw this.#failure;
  }

  take(chainID: Digest): JoinedLayer | undefined {
    return this.#joined.get(chainID);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.signal.removeEventListener("abort", this.#abort);
    await Promise.all([...this.#joined.values()].map((layer) => layer[Symbol.asyncDispose]()));
  }

  readonly #abort = (): void => this.#giveUp(this.signal.reason);

  #giveUp(error: unknown): void {
    this.#failure ??= error;
    for (const layer of this.#joined.values()) layer.giveUp(error);
  }
}

/** A failure with what it was about; the system's own words for a full disk are no sentence. */
function told(error: unknown, about: string): EngineError {
  const kind = error instanceof EngineError ? error.kind : "System";
  const cause = isFull(error) ? "no space left on the disk of the data root; free some space, then pull again" : messageOf(error);
  return new EngineError(kind, `${about}: ${cause}`, { cause: error });
}

