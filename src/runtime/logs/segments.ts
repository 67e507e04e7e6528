import { readdirSync, rmSync, statSync } from "node:fs";
import { basename, dirname } from "node:path";

/** A container's log: where its files are. `path` is the first one's name and the beginning of all others'. */
export interface LogFiles {
  readonly path: string;
  readonly indexPath: string;
}

/**
 * A log is one long run of frames in one or more files, each named for the place in the whole where it begins:
 *
 *     log            log.idx               frames 0 …
 *     log.1048580    log.idx.1048580       the next file, begun when the one before was full
 *     log.2097163.gz log.idx.2097163       an older one, compressed
 *
 * A place in the log is thus a number that no rotation changes, and the end of one file is the name of the next.
 */
export function segmentFiles({ path, indexPath }: LogFiles, base: number): LogFiles {
  return base === 0 ? { path, indexPath } : { path: `${path}.${base}`, indexPath: `${indexPath}.${base}` };
}

export const compressedPath = (files: LogFiles, base: number): string => `${segmentFiles(files, base).path}.gz`;

/** Where the files that are there begin, oldest first. Empty when there is no log. */
export function segmentBases({ path }: LogFiles): number[] {
  const name = basename(path);
  const bases = new Set<number>();
  for (const entry of filesIn(dirname(path))) {
    if (!entry.startsWith(name)) continue;
    const match = /^(?:\.(\d{1,16}))?(?:\.gz)?$/.exec(entry.slice(name.length));
    if (match) bases.add(Number(match[1] ?? 0));
  }
  return [...bases].sort((one, other) => one - other);
}

export const logStart = (files: LogFiles): number => segmentBases(files)[0] ?? 0;

/** Bytes that were ever written, those that rotation removed included. */
export function logEnd(files: LogFiles): number {
  const base = segmentBases(files).at(-1);
  if (base === undefined) return 0;
  return base + (statSync(segmentFiles(files, base).path, { throwIfNoEntry: false })?.size ?? 0);
}

/** Removes the oldest files so that `keep` are left, but only those that end at or before `place`; what is gone already is done. */
export function trimSegments(files: LogFiles, place: number, keep = 1): void {
  const bases = segmentBases(files);
  bases.slice(0, Math.max(0, bases.length - keep)).forEach((base, number) => {
    const next = bases[number + 1];
    if (next !== undefined && next <= place) removeSegment(files, base);
  });
}

/** The index goes last, as the writer has it. */
function removeSegment(files: LogFiles, base: number): void {
  const { path, indexPath } = segmentFiles(files, base);
  for (const file of [path, `${path}.gz`, indexPath]) rmSync(file, { force: true });
}

/** Indexes and halves of compressed files that a crash left alone. */
export function removeOrphans(files: LogFiles): void {
  const known = new Set(segmentBases(files).map((base) => basename(segmentFiles(files, base).indexPath)));
  const index = basename(files.indexPath);
  const dir = dirname(files.path);
  for (const entry of filesIn(dir)) {
    const orphan = (entry.startsWith(index) && /^(\.\d+)?$/.test(entry.slice(index.length)) && !known.has(entry)) || /^log(\.\d+)?\.gz\.(.+\.)?new$/.test(entry);
    if (orphan) rmSync(`${dir}/${entry}`, { force: true });
  }
}

function filesIn(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}
