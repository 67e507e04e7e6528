import { appendFileSync, closeSync, ftruncateSync, fstatSync, openSync, statSync, writeFileSync, writeSync } from "node:fs";
import { FrameLog } from "./frame-log.ts";
import { INDEX_ENTRY_BYTES } from "./log-index.ts";
import { logEnd, removeOrphans, segmentBases, segmentFiles, trimSegments, type LogFiles } from "./segments.ts";

const FILE_MODE = 0o640;

/**
 * Before a log is appended to again: cuts off what a crash left half-written, and indexes the frames that it left
 * without an entry, at the time of the last one that has one. An orderly log is not touched.
 */
export function repairLog(files: LogFiles): void {
  using log = FrameLog.open(files);
  if (!log) return;
  const size = log.refresh();
  const { offsets, end } = log.unindexed(size);
  if (end < size) truncate(files.path, end);
  const lastTimeNs = log.index.count > 0 ? log.index.timeNs(log.index.count - 1) : undefined;
  const fd = openSync(files.indexPath, "r+");
  try {
    const orderly = log.index.count * INDEX_ENTRY_BYTES;
    const stat = fstatSync(fd, { bigint: true });
    if (Number(stat.size) !== orderly) ftruncateSync(fd, orderly);
    if (offsets.length > 0) writeSync(fd, entries(offsets, lastTimeNs ?? stat.mtimeNs), 0, offsets.length * INDEX_ENTRY_BYTES, orderly);
  } finally {
    closeSync(fd);
  }
}

/**
 * Brings the files of a log that nobody writes in order: what a crash tore or left over, and what is too much of it.
 * Returns where the files begin, oldest first; none when there is no log yet.
 */
export function prepareLog(files: LogFiles, maxFiles = 0): number[] {
  let bases = segmentBases(files);
  const newest = bases.at(-1);
  if (newest === undefined) return bases;
  removeOrphans(files);
  const last = segmentFiles(files, newest);
  // A crash came between a new file and its index.
  writeFileSync(last.indexPath, "", { flag: "a", mode: FILE_MODE });
  repairLog(last);
  if (maxFiles > 0 && bases.length > maxFiles) {
    bases = bases.slice(-maxFiles);
    trimSegments(files, Infinity, maxFiles);
  }
  return bases;
}

/** Empties a log that nobody writes: a new, empty file takes the place of the others, and places in the log stay what they were. */
export function clearLog(files: LogFiles): void {
  const end = logEnd(files);
  if (end === 0) return;
  const { path, indexPath } = segmentFiles(files, end);
  writeFileSync(path, "", { flag: "a", mode: FILE_MODE });
  writeFileSync(indexPath, "", { flag: "a", mode: FILE_MODE });
  trimSegments(files, end);
}

/** Adds one frame to a log that nobody writes, for words that no process is there to say. The frame comes first, as the shim has it. */
export function appendFrame(files: LogFiles, stream: 1 | 2, text: string, timeNs: bigint): void {
  const { path, indexPath } = segmentFiles(files, segmentBases(files).at(-1) ?? 0);
  const payload = Buffer.from(text);
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(payload.length, 4);
  const offset = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  appendFileSync(path, Buffer.concat([header, payload]), { mode: FILE_MODE });
  appendFileSync(indexPath, entries([offset], timeNs), { mode: FILE_MODE });
}

function entries(offsets: readonly number[], timeNs: bigint): Buffer {
  const bytes = Buffer.alloc(offsets.length * INDEX_ENTRY_BYTES);
  offsets.forEach((offset, index) => {
    bytes.writeBigUInt64LE(BigInt(offset), index * INDEX_ENTRY_BYTES);
    bytes.writeBigUInt64LE(timeNs, index * INDEX_ENTRY_BYTES + 8);
  });
  return bytes;
}

function truncate(path: string, size: number): void {
  const fd = openSync(path, "r+");
  try {
    ftruncateSync(fd, size);
  } finally {
    closeSync(fd);
  }
}
