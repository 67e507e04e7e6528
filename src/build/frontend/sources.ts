import type { Digest, ImageConfig } from "../../spec/mod.ts";
import type { Platform } from "../graph/op.ts";
import type { Vertex } from "../graph/vertex.ts";

/** An image on this machine. */
export interface BaseImage {
  readonly id: Digest;
  /** With its registry and tag, as progress shows it. */
  readonly name: string;
  /** Of the manifest or index in its registry, where that is known. */
  readonly digest: Digest | undefined;
  readonly config: ImageConfig;
}

/** Where stages get what they begin with and copy from. */
export interface SourceFinder {
  /** @throws EngineError, told as BuildKit tells it */
  image(ref: string, platform: Platform): Promise<BaseImage>;
  /** The files of the build context. */
  context(): Promise<Vertex>;
  /** What --build-context puts in the place of a name; undefined where it says nothing of it. */
  named(name: string, platform: Platform): Promise<NamedSource | undefined>;
  /** What a name stands for in a repository. */
  git(remote: string, ref: string): Promise<string>;
  /** What changes when the file at a URL does. */
  http(url: string): Promise<string>;
}

export type NamedSource = { readonly kind: "image"; readonly image: BaseImage; readonly ref: string } | { readonly kind: "files"; readonly vertex: Vertex };
