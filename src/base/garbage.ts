const LOOK_BYTES = 4 * 1024 * 1024;
/** A process that holds less need not tidy up. */
const TIDY_ABOVE_BYTES = 128 * 1024 * 1024;
let receivedBytes = 0;

/**
 * To be told of pieces that came and are garbage once they are written: the runtime, which counts objects rather than their bytes, would let a
 * hundred megabytes of them lie.
 */
export function noteGarbage(bytes: number): void {
  receivedBytes += bytes;
  if (receivedBytes < LOOK_BYTES) return;
  receivedBytes = 0;
  if (process.memoryUsage.rss() > TIDY_ABOVE_BYTES) Bun.gc(false);
}
