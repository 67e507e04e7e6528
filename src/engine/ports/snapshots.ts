import type { RootMount } from "../../spec/mod.ts";

/** Files of a stacked root, read without mounting it. */
export interface StackedFiles {
  readFile(path: string, maxBytes: number): Uint8Array | undefined;
  /** Undefined when no folder is there. */
  folder(path: string): { readonly mode: number; readonly uid: number; readonly gid: number; readonly isEmpty: boolean } | undefined;
  /** Follows links. Undefined when nothing is there. */
  stat(path: string): { readonly mode: number; readonly uid: number; readonly gid: number; readonly mtimeNs: bigint } | undefined;
}

export interface SnapshotPort {
  prepare(key: string, layerIds: readonly number[]): Promise<void>;
  root(key: string): RootMount;
  remove(key: string): Promise<void>;
  /** Bytes of the writable layer. */
  usage(key: string): Promise<number>;
  /** Bytes of an image's layer. */
  layerBytes(layer: number): number;
  files(key: string): StackedFiles;
  /** The merged files of layers alone, base first. */
  layerFiles(layerIds: readonly number[]): StackedFiles;
  /** The same as a root to look at. */
  layersView(layerIds: readonly number[]): RootMount;
  /** A folder of the data root, gone at once; its files are deleted in the background. Missing is done. */
  discard(folder: string): void;
  keys(): string[];
  /** The root to look at, also while a container runs on it. */
  view(key: string): RootMount;
  /** The writable layer's folder. */
  upper(key: string): string;
  /** What lies below it; undefined where nothing does. */
  below(key: string): RootMount | undefined;
}
