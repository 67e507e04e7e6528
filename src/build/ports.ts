import type { BuiltImages, ClampedLayers, LayoutWish, StoredBuild } from "../image/mod.ts";
import type { Digest, ImageConfig } from "../spec/mod.ts";
import type { ImageFinder } from "./frontend/source-finder.ts";
import type { Platform } from "./graph/op.ts";
import type { ShownWork } from "./internal-vertex.ts";
import type { BuildRequest } from "./request.ts";
import type { LayerRef, Solver } from "./solver/types.ts";

/** What a build needs of the engine. */
export interface BuildDeps {
  readonly solver: Pick<Solver, "solve" | "cache" | "packages">;
  readonly images: BuildImages;
  /** Files of stacked layers, base first, read without mounting them. */
  files(layers: readonly number[]): { readFile(path: string, maxBytes: number): Uint8Array | undefined };
  /** The merged files of layers, base first, as an archive; names begin with the prefix. */
  packTree(layers: readonly number[], prefix: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  /** What a name stands for in a repository. @throws EngineError */
  resolveGit(remote: string, ref: string, signal: AbortSignal): Promise<string>;
  /** What changes when the file at a URL does. @throws EngineError */
  resolveHttp(url: string, signal: AbortSignal): Promise<string>;
}

export interface BuildImages extends ImageFinder {
  add(built: BuiltImages, signal: AbortSignal): Promise<StoredBuild>;
  /** The same layers with nothing in those that a build made younger than this. */
  clamp(layers: readonly LayerRef[], latestSeconds: number, signal: AbortSignal): Promise<ClampedLayers>;
  push(name: string, request: BuildRequest, work: ShownWork, signal: AbortSignal): Promise<void>;
  /** An archive that is an OCI layout and docker's own; names as users write them. */
  archive(name: string, names: readonly string[], signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  /** An image of that name that is here; nothing is brought. */
  local(ref: string, platform: Platform): Promise<{ readonly id: Digest; readonly config: ImageConfig } | undefined>;
  /** All images that a name has in its registry and `wanted` wants, for one build. What is BuildKit's own cache is refused. */
  cached(ref: string, request: BuildRequest, wanted: (config: ImageConfig) => boolean, work: ShownWork, signal: AbortSignal): Promise<LentImages>;
  /** Images of an OCI layout, for one build. @throws EngineError */
  layout(layout: LayoutSource, wish: LayoutWish, signal: AbortSignal): Promise<LentImages>;
  tag(id: Digest, name: string): void;
  /** Takes a name off an image, and with its last name the image. */
  untag(name: string): Promise<void>;
}

/** A folder of this machine, or an archive that comes. */
export type LayoutSource = { readonly kind: "folder"; readonly folder: string } | { readonly kind: "archive"; readonly bytes: AsyncIterable<Uint8Array> };

/** Images that are here as long as somebody holds this. */
export interface LentImages extends AsyncDisposable {
  readonly images: readonly { readonly id: Digest; readonly config: ImageConfig }[];
}
