import { writeSync } from "node:fs";
import { EngineError, messageOf } from "../base/mod.ts";
import { AT, chroot, closeFd, O, openat2, readFd, setUmask } from "../linux/mod.ts";
import { applyLayer } from "./apply-layer.ts";
import { prepareDecompressor, type Compression } from "./compression.ts";
import type { LayerFormat } from "./layer-writer.ts";

/**
 * The hidden command `hako __extract <folder> <compression> <layer|rootfs>`: reads an archive from stdin, writes it into
 * the folder, which is its root from before the first byte is read, and prints one line of JSON:
 * an AppliedLayer, or {"error":{"kind","message"}} with exit code 1.
 *
 * Needs CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID, CAP_MKNOD, CAP_SETFCAP, CAP_SYS_CHROOT, and CAP_SYS_ADMIN for overlay's marks.
 */
export async function extractMain(args: readonly string[]): Promise<number> {
  const [folder = "", compression = "", format = ""] = args;
  try {
    if (folder === "" || !isCompression(compression) || !isFormat(format)) throw new EngineError("System", "usage: hako __extract FOLDER COMPRESSION FORMAT");
    using decompressor = prepareDecompressor(compression);
    setUmask(0);
    chroot(folder);
    const rootFd = openat2(AT.FDCWD, "/", { flags: O.RDONLY | O.DIRECTORY });
    try {
      const applied = await applyLayer(standardInput(), rootFd, { format, compression, decompressor });
      report(applied);
    } finally {
      closeFd(rootFd);
    }
    return 0;
  } catch (error) {
    report({ error: { kind: error instanceof EngineError ? error.kind : "System", message: messageOf(error) } });
    return 1;
  }
}

export const EXTRACT_CAPABILITIES = ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_MKNOD", "CAP_SETFCAP", "CAP_SYS_CHROOT", "CAP_SYS_ADMIN"] as const;

function isCompression(text: string): text is Compression {
  return ["none", "gzip", "zstd", "bzip2", "xz"].includes(text);
}

function isFormat(text: string): text is LayerFormat {
  return text === "layer" || text === "rootfs";
}

const CHUNK_BYTES = 1024 * 1024;

/** Blocking reads: this process does nothing else. A fresh buffer each time, since a decompressor may still hold the last. */
async function* standardInput(): AsyncGenerator<Uint8Array, void, void> {
  for (;;) {
    const buffer = new Uint8Array(new ArrayBuffer(CHUNK_BYTES));
    const length = readFd(0, buffer);
    if (length === 0) return;
    yield buffer.subarray(0, length);
  }
}

function report(value: unknown): void {
  writeSync(1, `${JSON.stringify(value)}\n`);
}
