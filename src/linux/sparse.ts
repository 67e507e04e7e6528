import { call, tryCall } from "./call.ts";

const SEEK_SET = 0;
const SEEK_DATA = 3;
const SEEK_HOLE = 4;
const ENXIO = 6;

export interface DataRun {
  readonly offset: number;
  readonly length: number;
}

/** The place from which a descriptor is read next. */
export function seek(fd: number, offset: number): void {
  call("lseek", fd, offset, SEEK_SET);
}

/** What of a file is no hole, in order; undefined when that is more than so many pieces, or the file system does not say. Leaves the descriptor anywhere. */
export function dataRuns(fd: number, sizeBytes: number, most: number): DataRun[] | undefined {
  const runs: DataRun[] = [];
  for (let at = 0; at < sizeBytes; ) {
    const offset = tryCall("lseek", fd, at, SEEK_DATA);
    if (offset === -ENXIO) break;
    const end = offset < 0 ? offset : tryCall("lseek", fd, offset, SEEK_HOLE);
    if (end < 0 || runs.length === most) {
      seek(fd, 0);
      return undefined;
    }
    at = Math.min(end, sizeBytes);
    if (at > offset) runs.push({ offset, length: at - offset });
  }
  return runs;
}
