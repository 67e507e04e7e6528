import { constants, gunzipSync } from "node:zlib";
import { MAGIC_BYTES, sniffCompression } from "../archive/mod.ts";
import { readFd } from "../linux/mod.ts";

const HEAD_BYTES = 16 * 1024;
const MAX_PLAIN_BYTES = 32 * 1024 * 1024;
const HEADER_BYTES = 512;
const CHECKSUM_AT = 148;
const CHECKSUM_BYTES = 8;

/** Whether ADD unpacks the file: a tar, plain or compressed. Reads from the descriptor's place on. */
export function looksLikeArchive(fd: number): boolean {
  const head = readHead(fd);
  const compression = sniffCompression(head.subarray(0, MAGIC_BYTES));
  if (compression === "none") return isTarHeader(head);
  // Of the others no beginning can be decompressed cheaply: they are taken at their word.
  return compression !== "gzip" || isTarHeader(beginningOf(head));
}

function readHead(fd: number): Uint8Array {
  const head = new Uint8Array(new ArrayBuffer(HEAD_BYTES));
  let length = 0;
  while (length < head.length) {
    const read = readFd(fd, head.subarray(length));
    if (read === 0) break;
    length += read;
  }
  return head.subarray(0, length);
}

function beginningOf(compressed: Uint8Array): Uint8Array {
  try {
    return gunzipSync(compressed, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: MAX_PLAIN_BYTES });
  } catch {
    // Damaged, or a bomb: no archive, then, ignoring; it is copied as it is.
    return new Uint8Array();
  }
}

function isTarHeader(bytes: Uint8Array): boolean {
  if (bytes.length < HEADER_BYTES) return false;
  const field = Buffer.from(bytes.subarray(CHECKSUM_AT, CHECKSUM_AT + CHECKSUM_BYTES)).toString("latin1");
  const said = parseInt(field.replace(/\0.*$/s, "").trim(), 8);
  let sum = 0;
  for (let at = 0; at < HEADER_BYTES; at++) sum += at >= CHECKSUM_AT && at < CHECKSUM_AT + CHECKSUM_BYTES ? 0x20 : (bytes[at] ?? 0);
  return said === sum && bytes[0] !== 0;
}
