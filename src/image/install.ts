import { durably, EngineError, formatInstant, nowNs } from "../base/mod.ts";
import { checkApplied, type AppliedLayer } from "../archive/mod.ts";
import type { Layer, NewLayer, Snapshots } from "../snapshot/mod.ts";
import { MEDIA, type Digest, type ImageManifest } from "../spec/mod.ts";
import { chainIDs, parseConfig, parseJson, type StoredConfig } from "./config.ts";
import type { KeptIndex } from "./index-store.ts";
import { layerOwner } from "./store.ts";
import type { InstallDeps } from "./install-deps.ts";
import { syncLater } from "./repair.ts";
import { Unpacked } from "./unpacked.ts";

export interface LayerSource {
  /** A blob in content. */
  readonly digest: Digest;
  readonly size: number;
  readonly mediaType: string;
}

export interface ImageSource {
  readonly configBytes: Uint8Array;
  readonly layers: readonly LayerSource[];
  /** The manifest as it came; one is written where none came. */
  readonly manifest?: Digest;
  /** Canonical names to give. */
  readonly names: readonly string[];
  /** That the image is one of, and the names stand for. */
  readonly index?: KeptIndex | undefined;
}

/** A layer's folder that no row refers to yet. */
export interface FreshLayer {
  readonly layer: NewLayer | undefined;
  readonly applied: AppliedLayer | undefined;
  /** A row refers to the folder. */
  used: boolean;
}

export interface PlacedLayer {
  readonly chainID: Digest;
  readonly diffID: Digest;
  readonly fresh: FreshLayer | undefined;
}

/** A layer that was begun before its image was known; disposing removes its folder unless a row refers to it. */
export interface ReadyLayer extends AsyncDisposable {
  readonly result: Promise<AppliedLayer>;
  readonly fresh: FreshLayer;
}

export interface InstallOptions {
  /** What is ready, or on its way, of a layer. */
  readonly take?: (layer: LayerSource, chainID: Digest) => ReadyLayer | undefined;
  readonly onLayer?: (layer: AppliedLayer) => void;
}

/**
 * Turns blobs into an image: layers unpacked side by side, each checked against blob digest and diffID; then one transaction,
 * on disk when this returns. On failure nothing stays but the blobs, which the caller holds. @throws EngineError InvalidParameter
 */
export async function installImage(deps: InstallDeps, source: ImageSource, options: InstallOptions = {}): Promise<{ id: Digest; replaced: Map<string, Digest> }> {
  const config = parseConfig(parseJson(source.configBytes, "the config"));
  checkConfig(config, source.layers.length);
  const diffIDs = config.rootfs.diff_ids;
  const chain = chainIDs(diffIDs);
  using lease = leaseExisting(deps.snapshots, chain);
  await using fresh = new AsyncDisposableStack();
  const placed = await settleAll(
    chain.map(async (chainID, index): Promise<PlacedLayer> => {
      const diffID = diffIDs[index] as Digest;
      if (index < lease.count) return { chainID, diffID, fresh: undefined };
      const layer = source.layers[index] as LayerSource;
      const ready = options.take?.(layer, chainID) ?? Unpacked.start(deps, layer.digest, "layer");
      fresh.use(ready);
      const applied = await ready.result;
      checkApplied(applied, { digest: layer.digest, diffID });
      options.onLayer?.(applied);
      return { chainID, diffID, fresh: ready.fresh };
    }),
  );
  const id = (await deps.content.put(source.configBytes, { durable: false })).digest;
  const manifest = source.manifest ?? (await deps.content.put(JSON.stringify(manifestOf(id, source)), { durable: false })).digest;
  // A layer that was here already may have come in another form, or been made here: then the blob its manifest names is not here.
  const blobs = [id, manifest, ...source.layers.map(({ digest }) => digest).filter((digest) => deps.content.has(digest))];
  // Blobs are what an acknowledged image must not lose; its unpacked layers can be made again of them.
  await deps.content.sync([...new Set([...blobs, ...(source.index ? [source.index.digest, ...source.index.blobs] : [])])]);
  const replaced = storeImage(deps, { id, manifest, config, placed, blobs, names: source.names, index: source.index });
  return { id, replaced };
}

function checkConfig(config: StoredConfig, layers: number): void {
  if (config.os !== "linux") throw new EngineError("InvalidParameter", `cannot load ${config.os} image on linux`);
  if (config.rootfs.diff_ids.length !== layers) throw new EngineError("InvalidParameter", `invalid manifest, layers length mismatch: expected ${config.rootfs.diff_ids.length}, got ${layers}`);
}

/** Layers that are here already cannot be removed while they are counted on. */
export function leaseExisting(snapshots: Snapshots, chain: readonly Digest[]): Disposable & { readonly count: number } {
  for (let count = chain.length; count > 0; count--) {
    const layer = snapshots.layers.byChainID(chain[count - 1] as Digest);
    if (!layer) continue;
    const lease = snapshots.layers.lease(layer.n);
    return { count, [Symbol.dispose]: () => lease[Symbol.dispose]() };
  }
  return { count: 0, [Symbol.dispose]() {} };
}

/** Like Promise.all, but waits for all before it throws: nobody may still write when the folders are removed. */
export async function settleAll<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(promises);
  return results.map((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  });
}

export interface CompleteImage {
  readonly id: Digest;
  readonly manifest: Digest;
  readonly config: StoredConfig;
  readonly placed: readonly PlacedLayer[];
  readonly blobs: readonly Digest[];
  readonly names: readonly string[];
  readonly parent?: Digest;
  readonly index?: KeptIndex | undefined;
}

/** The transaction that makes an image of layers and blobs; on disk when it returns. Names that it took from others, with whose they were. */
export function storeImage(deps: InstallDeps, image: CompleteImage): Map<string, Digest> {
  const replaced = insertImage(deps, image);
  const kept = image.placed.flatMap(({ fresh }) => (fresh?.used && fresh.layer ? [fresh.layer.n] : []));
  for (const n of kept) deps.snapshots.layers.settle(n);
  if (kept.length > 0) syncLater(deps, kept);
  deps.dropUnnamed();
  return replaced;
}

function insertImage({ store, snapshots }: InstallDeps, { id, manifest, config, placed, blobs, names, parent: madeOf, index }: CompleteImage): Map<string, Digest> {
  const replaced = new Map<string, Digest>();
  durably(store.db, () => {
    let parent: Layer | undefined;
    let size = 0;
    for (const { chainID, diffID, fresh } of placed) {
      parent = snapshots.layers.byChainID(chainID) ?? insertLayer(snapshots, { chainID, diffID, fresh, parent });
      size += parent.size;
    }
    if (!store.row(id)) {
      const createdMs = Date.parse(config.created ?? "");
      store.insert({ id, manifest, size, createdMs: Number.isNaN(createdMs) ? 0 : createdMs, chain: placed.map(({ chainID }) => chainID), blobs, parent: madeOf });
    }
    if (parent) snapshots.layers.retain(layerOwner(id), parent.n);
    if (index) store.indexes.keep(index, id);
    for (const name of names) {
      const old = store.idByName(name);
      if (old !== undefined && old !== id) replaced.set(name, old);
      store.putName(name, id, formatInstant(nowNs()), index?.digest);
    }
  });
  return replaced;
}

/** Another load may have brought the layer meanwhile: then ours is not used and goes. */
function insertLayer(snapshots: Snapshots, { chainID, diffID, fresh, parent }: PlacedLayer & { readonly parent: Layer | undefined }): Layer {
  if (!fresh?.layer || !fresh.applied) throw new EngineError("System", `layer ${chainID} vanished while the image was being stored: try again`);
  const layer = { n: fresh.layer.n, chainID, diffID, parent: parent?.n, size: fresh.applied.size };
  snapshots.layers.insert(layer);
  fresh.used = true;
  return layer;
}

/** Docker's own form: the image may be pushed with the very blobs it came with. */
export function manifestOf(config: Digest, { configBytes, layers }: Pick<ImageSource, "configBytes" | "layers">): ImageManifest {
  return {
    schemaVersion: 2,
    mediaType: MEDIA.ociManifest,
    config: { mediaType: MEDIA.ociConfig, digest: config, size: configBytes.length },
    layers: layers.map(({ digest, size, mediaType }) => ({ mediaType, digest, size })),
  };
}

