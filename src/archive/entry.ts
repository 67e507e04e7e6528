/**
 * One member of a tar archive. Names, link names and owners' names are kept as bytes, one character per byte
 * ("latin1"), because a file name is any bytes: `nameBytes` turns one back.
 */
export interface TarEntry {
  readonly kind: TarKind;
  readonly name: string;
  /** Target of a symlink, or the name of the member that a hard link repeats. */
  readonly linkName: string;
  /** Permission bits with setuid, setgid and sticky; no type. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeNs: bigint;
  /** Bytes of the file; of a sparse one, with its holes. */
  readonly size: number;
  /** Bytes that follow in the archive: `size`, unless the file is sparse. */
  readonly storedSize: number;
  readonly devMajor: number;
  readonly devMinor: number;
  readonly xattrs: ReadonlyMap<string, Uint8Array>;
  /** Where the stored bytes belong, in order; absent when they are the whole file. */
  readonly sparse?: readonly SparseRun[];
}

export type TarKind = "file" | "hardLink" | "symlink" | "charDevice" | "blockDevice" | "directory" | "fifo";

export interface SparseRun {
  readonly offset: number;
  readonly length: number;
}

/** What the reader tells, in order: entry, its data in pieces, end; then the next entry. */
export type TarEvent =
  | { readonly kind: "entry"; readonly entry: TarEntry }
  /** A view into the chunk that was pushed: copy what must outlive the next step. */
  | { readonly kind: "data"; readonly bytes: Uint8Array }
  | { readonly kind: "end" };

export function nameBytes(name: string): Uint8Array {
  return Buffer.from(name, "latin1");
}

/** A JavaScript string (file names of our own making) in the archive's form. */
export function nameFromText(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

/** For messages: control characters and everything beyond ASCII never reach a terminal. */
export function printableName(name: string): string {
  const short = name.length > 200 ? `${name.slice(0, 200)}…` : name;
  const text = Buffer.from(short, "latin1").toString("utf8");
  return text.replace(/[\x00-\x1f\x7f-\x9f\ufffd]/g, "?");
}
