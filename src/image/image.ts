import type { Digest, ImageManifest } from "../spec/mod.ts";
import type { StoredConfig } from "./config.ts";

/** An image on this machine, as others use it. */
export interface Image {
  /** The config's digest. */
  readonly id: Digest;
  readonly config: StoredConfig;
  readonly manifest: ImageManifest;
  /** Layer folders, base first. */
  readonly layers: readonly number[];
  /** `debian:12`, sorted. */
  readonly repoTags: readonly string[];
  readonly repoDigests: readonly string[];
  /** Bytes of the files of all layers. */
  readonly size: number;
}

/** A container that was made of an image; a bare id is one that does not run. */
export type ImageUse = string | { readonly id: string; readonly running: boolean };
export type InUse = (id: Digest) => readonly ImageUse[];

export interface DeleteResult {
  Untagged?: string;
  Deleted?: string;
}

/** Docker's short form of an id or digest: twelve hex digits. */
export function shortID(id: string): string {
  return id.replace(/^sha256:/, "").slice(0, 12);
}
