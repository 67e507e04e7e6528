import { closeSync, ftruncateSync, fstatSync, openSync, writeSync } from "node:fs";
import { FrameLog, type LogFiles } from "./frame-log.ts";
import { INDEX_ENTRY_BYTES } from "./log-index.ts";

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
