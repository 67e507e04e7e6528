/**
 * What is in a client's folder, as the client tells the engine: one record per entry, sorted as `compareEntryPaths` says, so that a folder
 * comes before what it holds. A record: how many bytes of the path are those of the record before, the length of the others and
 * these, mode, size, seconds and nanoseconds of its last change, and of a link the length of its target and this; numbers as varints.
 */
export interface ListedEntry {
  /** Relative, with slashes. */
  readonly path: string;
  /** POSIX mode with the kind of file. */
  readonly mode: number;
  /** 0 for anything but a regular file. */
  readonly size: number;
  readonly mtimeSeconds: number;
  readonly mtimeNanoseconds: number;
  readonly linkTarget: string | undefined;
}

export const FILE_KIND = { mask: 0o170000, fifo: 0o010000, folder: 0o040000, file: 0o100000, link: 0o120000 } as const;
export const kindOfMode = (mode: number): number => mode & FILE_KIND.mask;

export const MAX_LISTING_BYTES = 256 * 1024 * 1024;
/** Of a listed path. */
export const MAX_PATH_BYTES = 4096;

/** By UTF-16 units, a slash before everything else: depth first. */
export function compareEntryPaths(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at++) {
    const [a, b] = [left.charCodeAt(at), right.charCodeAt(at)];
    if (a === b) continue;
    if (a === SLASH) return -1;
    if (b === SLASH) return 1;
    return a - b;
  }
  return left.length - right.length;
}

const SLASH = 0x2f;
