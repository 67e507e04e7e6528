/** Hard bounds on what an archive may ask of us; beyond one the archive is refused. */
export interface TarLimits {
  /** Bytes of a name or link target (the kernel's PATH_MAX, with its NUL). */
  readonly nameBytes: number;
  /** Bytes of one extended header. */
  readonly extendedHeaderBytes: number;
  readonly entries: number;
  /** Folders above an entry. */
  readonly depth: number;
  /** Bytes of all files together, holes included. */
  readonly totalBytes: number;
  readonly xattrsPerEntry: number;
  readonly xattrBytes: number;
  readonly sparseRuns: number;
}

export const DEFAULT_LIMITS: TarLimits = {
  nameBytes: 4095,
  extendedHeaderBytes: 1024 * 1024,
  entries: 5_000_000,
  depth: 512,
  totalBytes: 2 ** 40,
  xattrsPerEntry: 256,
  xattrBytes: 64 * 1024,
  sparseRuns: 100_000,
};
