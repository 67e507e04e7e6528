/**
 * A log is frames as Docker's attach stream has them: [stream, 0, 0, 0, big-endian u32 length] payload. The shim
 * writes frames of at most 16 KiB; readers take any that fit a chunk.
 */
export const FRAME_HEADER_BYTES = 8;
export const STDOUT = 1;
export const STDERR = 2;
/** What is longer is damage, not a frame. */
const MAX_PAYLOAD_BYTES = 64 * 1024;

/** Bytes of the whole frame at `at`; undefined when its header is incomplete; "damaged" when there is no frame. */
export function frameBytes(bytes: Uint8Array, at: number): number | "damaged" | undefined {
  if (at + FRAME_HEADER_BYTES > bytes.length) return undefined;
  const stream = bytes[at];
  if ((stream !== STDOUT && stream !== STDERR) || bytes[at + 1] !== 0 || bytes[at + 2] !== 0 || bytes[at + 3] !== 0) return "damaged";
  const payloadBytes = (byte(bytes, at + 4) * 0x1000000 + (byte(bytes, at + 5) << 16)) + (byte(bytes, at + 6) << 8) + byte(bytes, at + 7);
  return payloadBytes > MAX_PAYLOAD_BYTES ? "damaged" : FRAME_HEADER_BYTES + payloadBytes;
}

function byte(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

/** The end of the last whole frame of a run that starts at `at`; `stopped`: what follows is damage, not a frame cut off. */
export function wholeFramesEnd(bytes: Uint8Array, at: number): { end: number; stopped: boolean } {
  for (;;) {
    const size = frameBytes(bytes, at);
    if (size === "damaged") return { end: at, stopped: true };
    if (size === undefined || at + size > bytes.length) return { end: at, stopped: false };
    at += size;
  }
}
