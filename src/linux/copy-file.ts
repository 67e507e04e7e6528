import { call, tryCall } from "./call.ts";
import { SyscallError } from "./errno.ts";

const PIECE_BYTES = 1 << 30;
const BUFFER_BYTES = 1024 * 1024;
/** EXDEV, EINVAL, ENOSYS, EOPNOTSUPP, EPERM, EBADF: the file systems cannot do it between themselves. */
const UNABLE = new Set([18, 22, 38, 95, 1, 9]);

/** What is read and written faster than the kernel sets up a copy. */
const SMALL_BYTES = 256 * 1024;

/** Copies the rest of one file, of about this size, to the place of the other; a large one within the kernel where that can. Returns the bytes. */
export function copyFile(from: number, to: number, sizeBytes: number): number {
  if (sizeBytes <= SMALL_BYTES) return copyByHand(from, to);
  for (let total = 0; ; ) {
    const copied = tryCall("copy_file_range", from, null, to, null, PIECE_BYTES, 0);
    if (copied > 0) total += copied;
    else if (copied === 0) return total;
    else if (UNABLE.has(-copied)) return total + copyByHand(from, to);
    else throw new SyscallError("copy_file_range", -copied);
  }
}

let shared: Uint8Array | undefined;

function copyByHand(from: number, to: number): number {
  const buffer = (shared ??= new Uint8Array(new ArrayBuffer(BUFFER_BYTES)));
  for (let total = 0; ; ) {
    const length = call("read", from, buffer, buffer.length);
    if (length === 0) return total;
    for (let done = 0; done < length; ) done += call("write", to, buffer.subarray(done, length), length - done);
    total += length;
  }
}
