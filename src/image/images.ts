import type { Database } from "bun:sqlite";
import { EngineError, formatInstant, nowNs } from "../base/mod.ts";
import { inProcessCompressor, type Compressor, type Extractor, type LayerShape } from "../archive/mod.ts";
import type { ContentStore } from "../content/mod.ts";
import type { Snapshots } from "../snapshot/mod.ts";
import { canonicalName, parseReference, withDefaultTag, type Digest, type ImageHistoryItem, type ImageInspect, type ImageProcessConfig, type ImageSummary, type Reference } from "../spec/mod.ts";
import { Background } from "./background.ts";
import { BlobHolds } from "./blob-holds.ts";
import { BlobPlaces } from "./blob-places.ts";
import { addBuiltImages, type BuiltImages, type StoredBuild } from "./built.ts";
import { addEmbeddedImage, type EmbeddedFile } from "./embedded.ts";
import { selectRows, showsName, type Filters } from "./filters.ts";
import { contentUse, type ContentUse } from "./disk-use.ts";
import type { DeleteResult, Image, InUse } from "./image.ts";
import { applyChanges } from "./changes.ts";
import { clampLayers, type ClampedLayers, type LayerToClamp } from "./clamped.ts";
import { checkStore, type CheckOptions, type CheckSummary, type Finding } from "./check.ts";
import { commitImage, type CommitOptions } from "./commit.ts";
import { importImage, type ImportOptions } from "./import.ts";
import type { LayoutWish } from "./archive-images.ts";
import { loadLayout } from "./layout.ts";
import { loadImages, type LoadDeps } from "./load.ts";
import { manifestSummaries, removePlatforms, withManifests } from "./manifests.ts";
import type { PlatformWish } from "./platform.ts";
import { pruneImages } from "./prune.ts";
import type { Progress } from "./progress.ts";
import { pushImage, type Pushed, type PushRequest } from "./push/push.ts";
import { LayerJobs } from "./pull/layer-job.ts";
import { pullImage, type Pulled, type PullRequest } from "./pull/pull.ts";
import { VerifiedBlobs } from "./pull/verified-blobs.ts";
import { repairLayers } from "./repair.ts";
import { removeWithVariants } from "./remove.ts";
import { findImage } from "./resolve.ts";
import { saveImages, type SavedArchive, type SaveOptions } from "./save.ts";
import { Semaphore } from "./semaphore.ts";
import { ImageStore } from "./store.ts";
import type { TransferMessage } from "./transfer-progress.ts";
import { imageFor, indexOf } from "./variant.ts";
import { historyOf, inspectOf, summaryOf } from "./views.ts";

export interface ImagesOptions {
  readonly db: Database;
  readonly content: ContentStore;
  readonly snapshots: Snapshots;
  readonly extractor: Extractor;
  /** Layers unpacked at a time. */
  readonly parallel: number;
  /** Writes unpacked layers back, off the event loop; called in the background after an image was stored. */
  readonly syncDisk: () => Promise<void>;
  /** In this process where none is given: for tests. */
  readonly compressor?: Compressor;
  /** Of the whole engine, 0 without bound; asked for anew each time. */
  readonly transfersAtOnce?: () => { readonly downloads: number; readonly uploads: number };
  /** Packs the folder of a layer that was made here and has no blob. */
  readonly packLayer?: (folder: string, signal: AbortSignal, shape?: LayerShape) => AsyncIterable<Uint8Array>;
}

/** Each takes a processor. */
const LAYERS_PACKED_AT_ONCE = 2;
/** Enough small layers wait at the extractor to share its processes. */
const WAITING_PER_SLOT = 16;

/** Images by name or id, as Docker's API means them. What load and import have answered survives a power cut. */
export interface Images {
  /** @throws EngineError NotFound `No such image: x:latest` */
  resolve(ref: string): Image;
  /** The image of that name for this platform, of its index where it has one; the one that the name stands for where there is none. */
  resolveFor(ref: string, platform: PlatformWish): Promise<Image>;
  list(options: { all?: boolean; filters: Filters; inUse?: InUse; manifests?: boolean }): ImageSummary[];
  inspect(ref: string, options?: { manifests?: boolean; inUse?: InUse }): ImageInspect;
  history(ref: string): ImageHistoryItem[];
  tag(source: string, target: string): void;
  remove(ref: string, options: { force: boolean; prune: boolean; inUse: InUse }): Promise<DeleteResult[]>;
  /** Verifies every blob and layer. */
  check(options: CheckOptions): AsyncGenerator<Finding, CheckSummary, void>;
  /** Of the index that the name stands for, what is here for these platforms. */
  removePlatforms(ref: string, platforms: readonly PlatformWish[], inUse: InUse): Promise<DeleteResult[]>;
  importTar(stream: AsyncIterable<Uint8Array>, options: ImportOptions): Promise<{ id: Digest }>;
  load(stream: AsyncIterable<Uint8Array>, progress: Progress, platform?: PlatformWish): Promise<void>;
  /** Images of an OCI layout, each under a (canonical) name of its own. @throws EngineError */
  loadLayout(stream: AsyncIterable<Uint8Array>, wish: LayoutWish, nameOf: () => string): Promise<readonly Digest[]>;
  /** The archive of `docker save`; what it cannot find is said before the first byte. */
  save(names: readonly string[], options: SaveOptions): Promise<SavedArchive>;
  /** Brings an image from its registry. @throws EngineError, RegistryError */
  pull(request: PullRequest, tell: (message: TransferMessage) => void): Promise<Pulled>;
  /** Sends an image to its registry. @throws EngineError, RegistryError */
  push(request: PushRequest, tell: (message: TransferMessage) => void): Promise<Pushed>;
  /** What is here of a repository, by tags and digests. */
  tagsOf(repository: Reference): Reference[];
  /** A container of the image has gone. */
  noteUse(id: Digest): void;
  /** What images take beside their unpacked layers. */
  contentUse(): Promise<ContentUse>;
  prune(filters: Filters, inUse: InUse): Promise<{ deleted: DeleteResult[]; spaceReclaimed: number }>;
  /** An image of one more layer than its parent. */
  commit(options: CommitOptions): Promise<{ id: Digest }>;
  /** Images of layers that are here, as a build leaves them. */
  addBuilt(built: BuiltImages, signal: AbortSignal): Promise<StoredBuild>;
  /** The same layers with nothing in those that a build made younger than this. */
  clampLayers(layers: readonly LayerToClamp[], latestSeconds: number, signal: AbortSignal): Promise<ClampedLayers>;
  /** `--change` instructions on a config. @throws EngineError InvalidParameter */
  applyChanges(config: ImageProcessConfig, changes: readonly string[]): ImageProcessConfig;
  /** Resolves when nothing is left to be written in the background. */
  settled(): Promise<void>;
  addEmbedded(ref: string, files: readonly EmbeddedFile[], process: ImageProcessConfig): Promise<{ id: Digest }>;
}

/** Opens the images of a data root and removes blobs that a crash left without an image. */
export async function openImages({ db, content, snapshots, extractor, parallel, syncDisk, packLayer = noPacker, compressor = inProcessCompressor(), transfersAtOnce = () => ({ downloads: 3, uploads: 5 }) }: ImagesOptions): Promise<Images> {
  const store = new ImageStore(db, content, snapshots);
  const holds = new BlobHolds(content, store);
  store.indexes.dropUnnamed();
  await holds.drop(content.list());
  const architecture = process.arch === "arm64" ? "arm64" : "amd64";
  const background = new Background();
  const dropUnnamed = (): void => background.add(holds.drop(store.indexes.dropUnnamed()).catch(() => {}));
  const deps: LoadDeps = { store, content, snapshots, extractor, slots: new Semaphore(parallel * WAITING_PER_SLOT), syncDisk, holds, architecture, background, dropUnnamed };
  const places = new BlobPlaces(db);
  const jobs = new LayerJobs({ ...deps, downloads: new Semaphore(() => transfersAtOnce().downloads || Number.POSITIVE_INFINITY), verified: new VerifiedBlobs() });
  const uploadsAtOnce = (): number => transfersAtOnce().uploads || Number.POSITIVE_INFINITY;
  const pushDeps = { store, content, snapshots, holds, packLayer, compressor, uploads: new Semaphore(uploadsAtOnce), prepared: new Semaphore(() => 2 * uploadsAtOnce()), packing: new Semaphore(LAYERS_PACKED_AT_ONCE) };
  await repairLayers(deps);
  return {
    resolve: (ref) => store.image(findImage(store, ref)),
    resolveFor: async (ref, platform) => store.image(await imageFor(deps, ref, platform)),
    list: ({ all = false, filters, inUse, manifests = false }) =>
      selectRows(store, filters, all, Date.now()).map((row) => ({ ...summaryOf(store, row, inUse, showsName(filters)), ...(manifests && withManifests(store, row, inUse)) })),
    inspect: (ref, { manifests = false, inUse } = {}) => {
      const row = findImage(store, ref);
      return { ...inspectOf(store, row), ...(manifests && manifestSummaries(store, row, inUse)) };
    },
    history: (ref) => historyOf(store, findImage(store, ref)),
    tag: (source, target) => tagImage(deps, source, target),
    remove: (ref, { force, inUse }) => removeWithVariants(store, ref, { force, inUse, dropBlobs: holds.drop }).finally(dropUnnamed),
    check: (options) => checkStore({ ...deps, packLayer }, options),
    removePlatforms: (ref, wishes, inUse) => removePlatforms(store, ref, wishes, { inUse, dropBlobs: holds.drop }),
    importTar: (stream, options) => importImage(deps, stream, options),
    load: (stream, progress, platform) => loadImages(deps, stream, progress, platform),
    loadLayout: (stream, wish, nameOf) => loadLayout(deps, stream, wish, nameOf),
    save: (names, options) => saveImages({ ...deps, packLayer }, names, options),
    pull: (request, tell) => pullImage({ ...deps, jobs, places }, request, tell),
    push: (request, tell) => pushImage({ ...pushDeps, places }, request, tell),
    tagsOf: ({ domain, path }) => store.namesOfRepository(canonicalName({ domain, path })).map(parseReference),
    noteUse: (id) => store.noteUse(id),
    contentUse: () => contentUse(store),
    prune: (filters, inUse) => pruneImages(store, { filters, inUse, nowMs: Date.now(), dropBlobs: holds.drop }).finally(dropUnnamed),
    commit: (options) => commitImage(deps, options),
    addBuilt: (built, signal) => addBuiltImages({ ...deps, packLayer }, built, signal),
    clampLayers: (layers, latestSeconds, signal) => clampLayers({ ...deps, packLayer }, layers, latestSeconds, signal),
    applyChanges,
    settled: () => deps.background.settled(),
    addEmbedded: (ref, files, config) => addEmbeddedImage(deps, ref, files, config),
  };
}

const noPacker = (): never => {
  throw new EngineError("System", "there is nobody here to pack a layer");
};

function tagImage({ store, dropUnnamed }: LoadDeps, source: string, target: string): void {
  const { id } = findImage(store, source);
  const reference = withDefaultTag(parseReference(target));
  if (reference.digest !== undefined) throw new EngineError("InvalidParameter", "refusing to create a tag with a digest reference");
  if (reference.domain === "docker.io" && reference.path === "library/sha256") throw new EngineError("InvalidParameter", "refusing to create an ambiguous tag using digest algorithm as name");
  const index = indexOf(store, source);
  store.db.transaction(() => store.putName(canonicalName(reference), id, formatInstant(nowNs()), index))();
  dropUnnamed();
}
