import type { ByteDuplex } from "../base/mod.ts";
import type { CopyAction, JobInput } from "../layer-files/mod.ts";
import type { Digest } from "../spec/mod.ts";
import type { Platform } from "./graph/op.ts";

/** One file of a client's folder; the path is relative, with slashes, without `.` and `..`. Sorted as `compareEntryPaths` says. */
export interface ContextEntry {
  readonly path: string;
  /** POSIX mode with the kind of file. */
  readonly mode: number;
  readonly size: number;
  readonly mtimeNs: bigint;
  readonly linkTarget?: string | undefined;
}

export interface FolderContents {
  /** The digest of what a copy takes, as a worker that reads the files works it out; undefined when one must. @throws EngineError NotFound */
  digestOf(action: CopyAction, signal: AbortSignal): Promise<string | undefined>;
}

/** Makes a second tree of a folder's files, in an empty folder. */
export type MakeTwin = (from: string, to: string) => Promise<unknown>;

/** A folder that belongs to whoever asked for the build, made available to one build. */
export interface ClientFolder extends AsyncDisposable {
  /** Where the engine holds its copy: files owned by root, never changed in place, so that a hard link to one keeps its content. */
  readonly folder: string;
  /** What is known of its content; undefined when it must be looked at. */
  readonly contents?: FolderContents | undefined;
  /** What workers may rely on instead of looking at each file. */
  readonly listed?: JobInput["listed"];
  /** Hears that a copy of one of its folders made `place`: the next copy may be prepared, with what copies trees. */
  copied?(folder: string, place: string, makeTwin: MakeTwin): void;
}

export interface FolderSelection {
  readonly ignore: readonly string[];
  /** Hears of each piece how many bytes have come. */
  readonly received?: ((bytes: number) => void) | undefined;
  /** Hears as soon as it is clear that files have changed: what is made of them will be made anew. */
  readonly changes?: (() => void) | undefined;
}

/** Whoever asked for a build, as far as the build needs them while it runs. Every promise rejects when they have gone. */
export interface BuildClient {
  /** A local folder by its name; `ignore` in .dockerignore's syntax. @throws EngineError NotFound */
  folder(name: string, selection: FolderSelection): Promise<ClientFolder>;
  /** One small file of a local folder (Dockerfile, .dockerignore); undefined when it is not there. Regular files only. */
  file(name: string, path: string, maxBytes: number): Promise<Uint8Array | undefined>;
  /** Undefined when the client has no secret of that name. At most 500 KiB. */
  secret(id: string): Promise<Uint8Array | undefined>;
  /** What belongs to an index or manifest of an OCI store of the client's, as a layout's archive; undefined of clients whose layouts are folders. */
  layout?(store: string, wanted: { readonly digest: Digest; readonly platform: Platform | undefined }): AsyncIterable<Uint8Array>;
  /** A connection to the client's ssh agent; undefined when it offers none of that name. */
  ssh(id: string): Promise<ByteDuplex | undefined>;
  /** Where exported files go: a tar stream by the exporter's index. */
  output(index: number): Promise<{ write(bytes: Uint8Array): Promise<void>; end(): Promise<void> }>;
  /** Something that is there as long as the client is: released when it has gone. Undefined where a client goes as soon as its build is over. */
  hold?(release: () => Promise<unknown>): void;
}
