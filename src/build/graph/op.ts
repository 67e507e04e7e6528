import type { FileAction } from "../../layer-files/mod.ts";
import type { Digest } from "../../spec/mod.ts";

export type { FileAction };

/** `os/architecture[/variant]`, its parts. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string | undefined;
}

/** What a vertex does. Every field is part of what it is: whatever must not change the cache key is no field here. */
export type Op = ImageSource | LocalSource | GitSource | HttpSource | RunOp | FileOp | MergeOp;

/** An image's file system. The reference is resolved, with the digest of the manifest or the id of a local image, before the graph is made. */
export interface ImageSource {
  readonly kind: "image";
  readonly ref: string;
  readonly digest: Digest;
  readonly platform: Platform;
}

/** A folder of the client's. Its key is the content of what was selected, not its name. */
export interface LocalSource {
  readonly kind: "local";
  /** `context`, `dockerfile`, or that of a named context. */
  readonly name: string;
  /** Of .dockerignore, in order. */
  readonly ignore: readonly string[];
}

export interface GitSource {
  readonly kind: "git";
  readonly url: string;
  /** Branch, tag or commit as it was asked for; `commit` is what it stood for when the graph was made. */
  readonly ref: string;
  readonly commit: string;
  readonly subfolder: string;
  readonly keepGitFolder: boolean;
}

export interface HttpSource {
  readonly kind: "http";
  readonly url: string;
  readonly checksum?: Digest | undefined;
  /** Changes when the file does; undefined where the checksum says which it is. */
  readonly validator?: string | undefined;
  readonly fileName: string;
  /** Permission bits. */
  readonly mode: number;
}

export type CacheSharing = "shared" | "private" | "locked";

/** What is mounted while a command runs. `input` is a number in the vertex's inputs; undefined is an empty folder. */
export type RunMount =
  | { readonly type: "bind"; readonly target: string; readonly input: number | undefined; readonly source: string; readonly readWrite: boolean }
  | { readonly type: "cache"; readonly target: string; readonly id: string; readonly sharing: CacheSharing; readonly readOnly: boolean; readonly input: number | undefined; readonly source: string; readonly mode: number; readonly uid: number; readonly gid: number }
  | { readonly type: "tmpfs"; readonly target: string; readonly size: number | undefined }
  | { readonly type: "secret"; readonly target: string | undefined; readonly env: string | undefined; readonly id: string; readonly required: boolean; readonly mode: number; readonly uid: number; readonly gid: number }
  | { readonly type: "ssh"; readonly target: string; readonly id: string; readonly required: boolean; readonly mode: number; readonly uid: number; readonly gid: number };

/** A command in the file system of input 0; its changes are the result. */
export interface RunOp {
  readonly kind: "run";
  readonly args: readonly string[];
  /** `KEY=value`, the last one wins. */
  readonly env: readonly string[];
  readonly cwd: string;
  /** As in USER; "" is root. */
  readonly user: string;
  readonly mounts: readonly RunMount[];
  readonly network: "default" | "none" | "host";
  readonly security: "sandbox" | "insecure";
  readonly devices: readonly { readonly name: string; readonly required: boolean }[];
  readonly hostname: string;
  /** `name:address` */
  readonly extraHosts: readonly string[];
  readonly ulimits: readonly { readonly name: string; readonly soft: number; readonly hard: number }[];
  /** Bytes; 0: the engine's default. */
  readonly shmSize: number;
  readonly cgroupParent: string;
  readonly platform: Platform;
}

/** Changes of files on top of input 0, one after the other; undefined `base`: on top of nothing. */
export interface FileOp {
  readonly kind: "file";
  readonly base: 0 | undefined;
  readonly actions: readonly FileAction[];
}

/** Input 1's own changes put on top of input 0 (COPY --link). */
export interface MergeOp {
  readonly kind: "merge";
}
