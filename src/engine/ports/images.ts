import type { BuiltImages, ClampedLayers, LayerToClamp, LayoutWish, PullRequest, Pulled, PushRequest, Pushed, StoredBuild, TransferMessage } from "../../image/mod.ts";
import type { Digest, ImageConfig, ImageHistoryItem, ImageInspect, ImageManifest, ImageProcessConfig, ImageSummary, Reference } from "../../spec/mod.ts";
import type { CopiedLayer } from "./trees.ts";

export type Filters = Record<string, string[]>;

export interface ResolvedImage {
  readonly id: Digest;
  readonly config: ImageConfig;
  readonly manifest?: ImageManifest;
  /** Layer folders, base first. */
  readonly layers: readonly number[];
  readonly repoTags: readonly string[];
  readonly repoDigests: readonly string[];
  readonly size: number;
}

export interface DeleteResult {
  Untagged?: string;
  Deleted?: string;
}

/** A container that was made of an image. */
export interface ImageUse {
  readonly id: string;
  readonly running: boolean;
}

export interface CommitOptions {
  readonly parent: Digest;
  readonly config: ImageProcessConfig;
  readonly author: string;
  readonly comment: string;
  /** What the history says of it. */
  readonly createdBy: string;
  readonly container: string;
  readonly engineVersion: string;
  readonly name?: string | undefined;
  readonly copyLayer: (folder: string) => Promise<CopiedLayer>;
}

/** What a check of the store has found, in words. */
export interface StoreFinding {
  readonly kind: "blob" | "layer";
  readonly digest: string;
  readonly images: readonly string[];
  readonly problem: string;
  readonly mended: string | undefined;
  readonly remedy: string | undefined;
}

export interface StoreSummary {
  readonly blobs: number;
  readonly bytes: number;
  readonly layers: number;
  readonly damaged: number;
  readonly mended: number;
}

export interface ImagePort {
  /** @throws EngineError NotFound `No such image: x:latest` */
  resolve(ref: string): ResolvedImage;
  /** The image for this platform, of the index that the name stands for; the one that it stands for by itself where there is none. */
  resolveFor(ref: string, platform: { os: string; architecture: string | undefined; variant: string | undefined }): Promise<ResolvedImage>;
  list(options: { all?: boolean; filters: Filters; manifests?: boolean; inUse?: (id: Digest) => ImageUse[] }): ImageSummary[];
  inspect(ref: string, options?: { manifests?: boolean; inUse?: (id: Digest) => ImageUse[] }): ImageInspect;
  history(ref: string): ImageHistoryItem[];
  tag(source: string, target: string): void;
  remove(ref: string, options: { force: boolean; prune: boolean; inUse: (id: Digest) => ImageUse[] }): Promise<DeleteResult[]>;
  /** Verifies every blob and layer; what it finds, then how much there was. */
  check(options: { repair: boolean; layerInUse: (n: number) => boolean; signal: AbortSignal }): AsyncGenerator<StoreFinding, StoreSummary, void>;
  /** Of the index that the name stands for, what is here for these platforms. */
  removePlatforms(ref: string, platforms: readonly { os: string; architecture: string | undefined; variant: string | undefined }[], inUse: (id: Digest) => ImageUse[]): Promise<DeleteResult[]>;
  importTar(stream: AsyncIterable<Uint8Array>, options: { ref?: string; message?: string; changes?: string[]; platform?: string }): Promise<{ id: Digest }>;
  load(stream: AsyncIterable<Uint8Array>, progress: (message: Record<string, unknown>) => void, platform?: { os: string; architecture: string | undefined; variant: string | undefined }): Promise<void>;
  loadLayout(stream: AsyncIterable<Uint8Array>, wish: LayoutWish, nameOf: () => string): Promise<readonly Digest[]>;
  /** What it cannot find is said before the first byte. */
  save(names: readonly string[], options: { platform?: { os: string; architecture: string | undefined; variant: string | undefined } | undefined; as?: readonly Reference[] | undefined; signal: AbortSignal }): Promise<{ images: readonly { id: Digest; names: readonly string[] }[]; bytes: AsyncIterable<Uint8Array> }>;
  push(request: PushRequest, tell: (message: TransferMessage) => void): Promise<Pushed>;
  tagsOf(repository: Reference): Reference[];
  pull(request: PullRequest, tell: (message: TransferMessage) => void): Promise<Pulled>;
  /** Bytes of blobs, beside unpacked layers; in all, also of downloads that were cut. */
  contentUse(): Promise<{ ofImage(id: Digest): { readonly bytes: number; readonly shared: number }; readonly total: number }>;
  /** A container of the image has gone. */
  noteUse(id: Digest): void;
  prune(filters: Filters, inUse: (id: Digest) => ImageUse[]): Promise<{ deleted: DeleteResult[]; spaceReclaimed: number }>;
  /** An image of one more layer, which `copyLayer` writes into the folder it is given. */
  commit(options: CommitOptions): Promise<{ id: Digest }>;
  /** Images of layers that are here, as a build leaves them. */
  addBuilt(built: BuiltImages, signal: AbortSignal): Promise<StoredBuild>;
  /** The same layers with nothing in those that a build made younger than this. */
  clampLayers(layers: readonly LayerToClamp[], latestSeconds: number, signal: AbortSignal): Promise<ClampedLayers>;
  applyChanges(config: ImageProcessConfig, changes: readonly string[]): ImageProcessConfig;
}
