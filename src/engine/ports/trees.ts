import type { Framing } from "../../base/mod.ts";
import type { Digest, RootMount, RuntimeMount } from "../../spec/mod.ts";

/** A container's files: what its processes see (an open folder), or mounted for a helper alone. */
export type TreeRoot = { readonly kind: "running"; readonly folder: number } | { readonly kind: "mounted"; readonly root: RootMount; readonly binds: readonly RuntimeMount[] };

export interface PathStat {
  readonly name: string;
  readonly size: number;
  /** Go's os.FileMode. */
  readonly mode: number;
  readonly mtimeNs: string;
  readonly linkTarget: string;
}

export interface CopiedLayer {
  readonly digest: Digest;
  readonly diffID: Digest;
  readonly compressedSize: number;
  readonly size: number;
  readonly entries: number;
}

/** An archive about to be sent: its bytes, or written straight to a connection of HTTP, in chunks without the last one. */
export interface PackedTree {
  readonly bytes: AsyncIterable<Uint8Array>;
  writeTo(client: number): Promise<void>;
}

/** An archive that a client is sending: its bytes, or the connection that they come from, to be read instead. */
export interface UploadedArchive {
  readonly bytes: AsyncIterable<Uint8Array>;
  readonly connection?: UploadConnection | undefined;
}

/** A body of HTTP that nobody reads. */
export interface UploadConnection {
  readonly framing: Framing;
  /** The descriptor, for this turn of the event loop, and what was taken from it of the body; undefined when the client has gone. */
  take(): { readonly descriptor: number; readonly begun: Uint8Array } | undefined;
}

/** Work on containers' files, each in a process of its own. NotFound without words is about the path. */
export interface TreePort {
  stat(root: TreeRoot, path: string, signal: AbortSignal): Promise<PathStat>;
  /** A copy of a folder in an empty one of the same file system, whose files share blocks. */
  snapshot(source: string, target: string, signal: AbortSignal): Promise<void>;
  pack(root: TreeRoot, path: string, emptied: readonly string[], signal: AbortSignal, options?: { readonly whole?: boolean }): Promise<PackedTree & { stat: PathStat }>;
  packAll(root: TreeRoot, signal: AbortSignal, options?: { readonly prefix?: string }): Promise<PackedTree>;
  unpack(root: TreeRoot, request: UnpackTree, archive: UploadedArchive, signal: AbortSignal): Promise<void>;
  /** JSON text of the changes. */
  changes(upper: string, lower: RootMount | undefined, ignored: readonly string[], signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  copyLayer(upper: string, target: string, ignored: readonly string[], signal: AbortSignal): Promise<CopiedLayer>;
}

export interface UnpackTree {
  readonly path: string;
  readonly keepKinds: boolean;
  readonly owner: "archive" | { readonly uid: number; readonly gid: number };
  readonly mounts: readonly { readonly destination: string; readonly readOnly: boolean }[];
  readonly rootReadOnly: boolean;
  /** The folder itself becomes what the archive says of its top. */
  readonly topToo?: boolean;
}
