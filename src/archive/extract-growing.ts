import { EngineError } from "../base/mod.ts";
import { AT, chroot, closeFd, forbidTracing, O, openat2, readFd, recvFds, setUmask } from "../linux/mod.ts";
import { applyLayer } from "./apply-layer.ts";
import { MAGIC_BYTES, peek, prepareDecompressor, sniffCompression } from "./compression.ts";
import { report, reportFailure } from "./report.ts";

/** Sent over the helper's stdin: the file has grown, and: it is whole. */
export const GROWN = 0x6d;
export const WHOLE = 0x65;

const CHUNK_BYTES = 1024 * 1024;
/** Bytes between two reports of how far it is. */
const REPORT_BYTES = 4 * 1024 * 1024;

/**
 * `hako __extract --growing <folder>`: an archive that is still being received. Its file comes as a descriptor with the first byte of stdin; from
 * then on stdin says when there is more of it. Prints lines of {"read"}, then an AppliedLayer or {"error"}.
 */
export async function extractGrowing([folder = ""]: readonly string[]): Promise<number> {
  try {
    forbidTracing();
    setUmask(0);
    const [file] = recvFds(0, new Uint8Array(new ArrayBuffer(1))).fds;
    if (folder === "" || file === undefined) throw new EngineError("System", "usage: hako __extract --growing FOLDER, with a file's descriptor over stdin");
    let plain = false;
    const { head, rest } = await peek(growingBytes(file, () => plain), MAGIC_BYTES);
    const compression = sniffCompression(head);
    plain = compression === "none";
    // Programs that decompress are the host's: they start before the folder is the root.
    using decompressor = prepareDecompressor(compression);
    chroot(folder);
    const rootFd = openat2(AT.FDCWD, "/", { flags: O.RDONLY | O.DIRECTORY });
    try {
      report(await applyLayer(rest, rootFd, { format: "layer", compression, decompressor }));
    } finally {
      closeFd(rootFd);
    }
    return 0;
  } catch (error) {
    reportFailure(error);
    return 1;
  }
}

/** Blocks until there is more: this process does nothing else. */
async function* growingBytes(file: number, mayReuse: () => boolean): AsyncGenerator<Uint8Array, void, void> {
  let buffer = new Uint8Array(new ArrayBuffer(CHUNK_BYTES));
  let total = 0;
  let reported = 0;
  for (let whole = false; ; ) {
    const length = readFd(file, buffer);
    if (length === 0) {
      if (whole) return;
      whole = waitForMore();
      continue;
    }
    yield buffer.subarray(0, length);
    total += length;
    if (total - reported >= REPORT_BYTES) report({ read: (reported = total) });
    if (!mayReuse()) buffer = new Uint8Array(new ArrayBuffer(CHUNK_BYTES));
  }
}

function waitForMore(): boolean {
  const words = new Uint8Array(new ArrayBuffer(256));
  const length = readFd(0, words);
  // The engine is gone, or does not want the layer any more.
  if (length === 0) throw new EngineError("System", "the download was given up");
  return words.subarray(0, length).includes(WHOLE);
}
