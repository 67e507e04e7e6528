import { EngineError } from "../base/mod.ts";
import { AT, chroot, closeFd, O, openat2, readFd, setUmask } from "../linux/mod.ts";
import { applyLayer } from "./apply-layer.ts";
import { prepareDecompressor, type Compression } from "./compression.ts";
import { extractGrowing } from "./extract-growing.ts";
import type { LayerFormat } from "./layer-writer.ts";
import { report, reportFailure } from "./report.ts";

export { reportFailure };

/**
 * The hidden command `hako __extract <folder> <compression> <layer|rootfs>`: reads an archive from stdin, writes it into
 * the folder, which is its root from before the first byte is read, and prints one line of JSON:
 * an AppliedLayer, or {"error":{"kind","message"}} with exit code 1.
 *
 * Needs CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID, CAP_MKNOD, CAP_SETFCAP, CAP_SYS_CHROOT, and CAP_SYS_ADMIN for overlay's marks.
 */
export async function extractMain(args: readonly string[]): Promise<number> {
  if (args[0] === "--batch") return await extractBatch(args.slice(1));
  if (args[0] === "--growing") return await extractGrowing(args.slice(1));
  const [folder = "", compression = "", format = ""] = args;
  try {
    if (folder === "" || !isCompression(compression) || !isFormat(format)) throw new EngineError("System", "usage: hako __extract FOLDER COMPRESSION FORMAT");
    using decompressor = prepareDecompressor(compression);
    setUmask(0);
    chroot(folder);
    const rootFd = openat2(AT.FDCWD, "/", { flags: O.RDONLY | O.DIRECTORY });
    try {
      const applied = await applyLayer(bytesOf(0, compression === "none"), rootFd, { format, compression, decompressor });
      report(applied);
    } finally {
      closeFd(rootFd);
    }
    return 0;
  } catch (error) {
    reportFailure(error);
    return 1;
  }
}

interface BatchItem {
  readonly rootFd: number;
  readonly blobFd: number;
  readonly compression: Compression;
  readonly format: LayerFormat;
}

/**
 * `hako __extract --batch (<folder> <blob> <compression> <format>)…`: several small archives, one result line each. Every folder and file is open
 * before the first byte is read; from then on the process sees the first folder only, and the others through their descriptors.
 */
async function extractBatch(args: readonly string[]): Promise<number> {
  const items: BatchItem[] = [];
  try {
    setUmask(0);
    for (let index = 0; index + 3 < args.length; index += 4) items.push(openItem(args.slice(index, index + 4)));
    chroot(args[0] ?? "/");
  } catch (error) {
    reportFailure(error);
    return 1;
  }
  for (const { rootFd, blobFd, compression, format } of items) {
    try {
      using decompressor = prepareDecompressor(compression);
      report(await applyLayer(bytesOf(blobFd, compression === "none"), rootFd, { format, compression, decompressor }));
    } catch (error) {
      reportFailure(error);
    }
    closeFd(blobFd);
    closeFd(rootFd);
  }
  return 0;
}

function openItem([folder = "", blob = "", compression = "", format = ""]: readonly string[]): BatchItem {
  if (!isCompression(compression) || !isFormat(format)) throw new EngineError("System", "usage: hako __extract --batch (FOLDER BLOB COMPRESSION FORMAT)...");
  return { rootFd: openat2(AT.FDCWD, folder, { flags: O.RDONLY | O.DIRECTORY }), blobFd: openat2(AT.FDCWD, blob, { flags: O.RDONLY }), compression, format };
}

export const EXTRACT_CAPABILITIES = ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_MKNOD", "CAP_SETFCAP", "CAP_SYS_CHROOT", "CAP_SYS_ADMIN"] as const;

function isCompression(text: string): text is Compression {
  return ["none", "gzip", "zstd", "bzip2", "xz"].includes(text);
}

function isFormat(text: string): text is LayerFormat {
  return text === "layer" || text === "rootfs";
}

const CHUNK_BYTES = 1024 * 1024;

/** Blocking reads: this process does nothing else. A decompressor may still hold the last buffer when it asks for the next; without one it is used again. */
export async function* bytesOf(fd: number, reuse: boolean | (() => boolean)): AsyncGenerator<Uint8Array, void, void> {
  const mayReuse = typeof reuse === "boolean" ? () => reuse : reuse;
  let buffer = new Uint8Array(new ArrayBuffer(CHUNK_BYTES));
  for (let length = readFd(fd, buffer); length > 0; length = readFd(fd, buffer)) {
    yield buffer.subarray(0, length);
    if (!mayReuse()) buffer = new Uint8Array(new ArrayBuffer(CHUNK_BYTES));
  }
}
