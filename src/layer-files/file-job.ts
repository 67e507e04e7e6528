import type { FileAction } from "./file-action.ts";
import type { CopiedFolder, Listed } from "./listed-copy.ts";
import type { FoundPackages } from "./packages/found-package.ts";
import type { Sealed } from "./seal.ts";

/** A file system that a job reads: a context's folder, or the folders of layers, top first. */
export interface JobInput {
  readonly kind: "context" | "layers";
  readonly folders: readonly string[];
  /** Numbers of the layers, in the same order; none for a context. */
  readonly layers: readonly number[];
  /** Of a context: what is known of its files. */
  readonly listed?: Listed | undefined;
}

/** What is copied, made and removed; bytes of files as base64. */
export type JobAction = Exclude<FileAction, { action: "makeFile" }> | (Omit<Extract<FileAction, { action: "makeFile" }>, "content"> & { readonly content: string });

export type FileJob =
  | {
      readonly kind: "files";
      /** The new layer's folder. */
      readonly upper: string;
      readonly base: JobInput;
      readonly inputs: readonly JobInput[];
      readonly actions: readonly JobAction[];
      /** Folders among the base's that share files with others. */
      readonly sharing: readonly string[];
      /** Where archives are put that are to be unpacked. */
      readonly archives: string;
      readonly seals: boolean;
    }
  | { readonly kind: "content"; readonly input: JobInput; readonly action: Extract<FileAction, { action: "copy" }> }
  | { readonly kind: "seal"; readonly folder: string; readonly below: readonly string[]; readonly stubs: readonly string[] }
  /** Every file of a layer in another folder, without a copy where it may be shared. */
  | { readonly kind: "twin"; readonly from: string; readonly to: string }
  | { readonly kind: "size"; readonly folder: string }
  /** What is installed in stacked layers, top first. */
  | { readonly kind: "packages"; readonly folders: readonly string[] }
  | { readonly kind: "copyTree"; readonly input: JobInput; readonly path: string; readonly to: string; readonly mode: number; readonly uid: number; readonly gid: number };

export interface PendingArchive {
  readonly file: string;
  /** In the root; no slash at its beginning. */
  readonly target: string;
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
}

export interface FilesDone {
  readonly sealed: Sealed | undefined;
  readonly archives: readonly PendingArchive[];
  /** Layers that share files with the new one; -1: a context. */
  readonly sharing: readonly number[];
  /** Sentences for whoever builds. */
  readonly warnings: readonly string[];
  readonly copied: CopiedFolder | undefined;
}

export interface JobResults {
  readonly files: FilesDone;
  readonly content: { readonly digest: string };
  readonly seal: Sealed;
  readonly twin: { readonly shared: boolean };
  readonly copyTree: Record<string, never>;
  readonly size: { readonly bytes: number };
  readonly packages: FoundPackages;
}
