import { closeSync, openSync, readSync } from "node:fs";
import { MAGIC_BYTES, sniffCompression } from "../archive/mod.ts";
import { MEDIA } from "../spec/mod.ts";

/** How a stored layer is compressed, in the words of a manifest. bzip2 and xz have none: they stay plain "tar", as their reader sniffs. */
export function layerMediaType(path: string): string {
  const fd = openSync(path, "r");
  try {
    const head = new Uint8Array(MAGIC_BYTES);
    return mediaTypeOf(head.subarray(0, readSync(fd, head)));
  } finally {
    closeSync(fd);
  }
}

export function mediaTypeOf(head: Uint8Array): string {
  const compression = sniffCompression(head);
  if (compression === "gzip") return MEDIA.ociLayerGzip;
  return compression === "zstd" ? MEDIA.ociLayerZstd : MEDIA.ociLayer;
}
