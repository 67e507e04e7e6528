import { closeSync, fstatSync, openSync, read, readSync } from "node:fs";
import { promisify } from "node:util";
import { FRAME_HEADER_BYTES, frameBytes, wholeFramesEnd } from "./frame.ts";
import { LogIndex } from "./log-index.ts";
import type { LogFiles } from "./segments.ts";

const readAsync = promisify(read);

export const CHUNK_BYTES = 512 * 1024;
/** What is rendered frame by frame is taken in pieces that do not hold the event loop; larger than any frame. */
export const RENDERED_CHUNK_BYTES = 128 * 1024;
/** Small reads come from the page cache in microseconds; only large ones are worth a thread. */
const READ_HERE_BYTES = 64 * 1024;

/** One file of a container's log, opened for reading. The writer may be at work. */
export class FrameLog implements Disposable {
  readonly index: LogIndex;

  private constructor(
    private readonly fd: number,
    private readonly indexFd: number,
  ) {
    this.index = new LogIndex(indexFd);
  }

  /** Undefined when there is no log (yet). `frames`: an open file that has what `files.path` would have; it is closed with the log. */
  static open(files: LogFiles, frames?: number): FrameLog | undefined {
    let fd = frames;
    try {
      fd ??= openSync(files.path, "r");
      return new FrameLog(fd, openSync(files.indexPath, "r"));
    } catch (error) {
      if (fd !== undefined) closeSync(fd);
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      throw error;
    }
  }

  /** Counts what is there now. Returns the log's size, which may end in a part of a frame. */
  refresh(): number {
    const size = fstatSync(this.fd).size;
    this.index.refresh(size);
    return size;
  }

  /** Fresh memory that the caller may keep; shorter at the end of the file. */
  async read(offset: number, length: number): Promise<Uint8Array> {
    if (length <= READ_HERE_BYTES) return this.readNow(offset, length);
    const bytes = Buffer.allocUnsafeSlow(length);
    const { bytesRead } = await readAsync(this.fd, bytes, 0, length, offset);
    return bytesRead === length ? bytes : bytes.subarray(0, bytesRead);
  }

  readNow(offset: number, length: number): Uint8Array {
    const bytes = Buffer.allocUnsafeSlow(length);
    const bytesRead = readSync(this.fd, bytes, 0, length, offset);
    return bytesRead === length ? bytes : bytes.subarray(0, bytesRead);
  }

  /** The end of the last frame that the index knows. */
  indexedEnd(size: number): number {
    if (this.index.count === 0) return 0;
    const offset = this.index.offset(this.index.count - 1);
    const frame = frameBytes(this.readNow(offset, FRAME_HEADER_BYTES), 0);
    return typeof frame === "number" && offset + frame <= size ? offset + frame : offset;
  }

  /** Offsets of the whole frames behind the index, and the end of the last one. */
  unindexed(size: number): { offsets: number[]; end: number } {
    const offsets: number[] = [];
    let end = this.indexedEnd(size);
    while (end < size) {
      const bytes = this.readNow(end, Math.min(CHUNK_BYTES, size - end));
      const run = wholeFramesEnd(bytes, 0);
      for (let at = 0; at < run.end; ) {
        offsets.push(end + at);
        at += Number(frameBytes(bytes, at));
      }
      end += run.end;
      if (run.stopped || run.end === 0) break;
    }
    return { offsets, end };
  }

  [Symbol.dispose](): void {
    closeSync(this.fd);
    closeSync(this.indexFd);
  }
}
