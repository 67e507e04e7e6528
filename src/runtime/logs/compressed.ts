import { createReadStream, createWriteStream, existsSync, openSync, renameSync, rmSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { compressedPath, segmentBases, segmentFiles, type LogFiles } from "./segments.ts";

const CHUNK_BYTES = 1024 * 1024;
let expanded = 0;

/** Compresses every file but the newest; its index stays as it is. A crash leaves the file itself, or both, and is finished by the next call. */
export async function compressOlder(files: LogFiles): Promise<void> {
  for (const base of segmentBases(files).slice(0, -1)) {
    const { path, indexPath } = segmentFiles(files, base);
    const target = compressedPath(files, base);
    if (!existsSync(path)) continue;
    if (!existsSync(target) && !(await compress(path, target))) continue;
    rmSync(path, { force: true });
    // Rotation may have removed the log's file meanwhile, and not have known of this one.
    if (!existsSync(indexPath)) rmSync(target, { force: true });
  }
}

/** False when rotation was quicker. */
async function compress(path: string, target: string): Promise<boolean> {
  try {
    await pipeline(createReadStream(path, { highWaterMark: CHUNK_BYTES }), createGzip({ chunkSize: CHUNK_BYTES }), createWriteStream(`${target}.new`, { mode: 0o640 }));
    renameSync(`${target}.new`, target);
    return true;
  } catch (error) {
    rmSync(`${target}.new`, { force: true });
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return false;
    throw error;
  }
}

/** A file's frames, unpacked into one that has no name any more; undefined when there is none. The caller closes it. */
export async function openCompressed(files: LogFiles, base: number): Promise<number | undefined> {
  const source = compressedPath(files, base);
  if (!existsSync(source)) return undefined;
  const target = `${source}.${process.pid}-${expanded++}.new`;
  try {
    await pipeline(createReadStream(source, { highWaterMark: CHUNK_BYTES }), createGunzip({ chunkSize: CHUNK_BYTES }), createWriteStream(target, { mode: 0o600 }));
    return openSync(target, "r");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  } finally {
    rmSync(target, { force: true });
  }
}
