import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { bootID } from "../linux/mod.ts";

/** Bytes of a SHA-256 digest; zeros stand for a file that has not come. */
export const DIGEST_BYTES = 32;
const MAGIC = "hako context 1\n";
const UUID_BYTES = 36;
const HEAD_BYTES = MAGIC.length + UUID_BYTES + 8 + 4;

/** Whether the content of the regular file with this number is known. */
export function knowsDigest(digests: Uint8Array, file: number): boolean {
  const begin = file * DIGEST_BYTES;
  for (let at = begin; at < begin + DIGEST_BYTES; at++) if ((digests[at] ?? 0) !== 0) return true;
  return false;
}

/** What a copy of a client's folder holds: the client's list, and of each regular file in it, in order, its digest. */
export interface ContextIndex {
  readonly listing: Uint8Array;
  readonly digests: Uint8Array;
  readonly sizeBytes: number;
}

/**
 * Undefined where there is none that can be relied on. Neither it nor the copy is ever synced: what was written before the machine was
 * started again may be there in part.
 */
export function readIndex(path: string): ContextIndex | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch {
    return undefined;
  }
  if (bytes.length < HEAD_BYTES || bytes.toString("latin1", 0, MAGIC.length + UUID_BYTES) !== MAGIC + bootID()) return undefined;
  const sizeBytes = Number(bytes.readBigUInt64LE(MAGIC.length + UUID_BYTES));
  const listingBytes = bytes.readUInt32LE(MAGIC.length + UUID_BYTES + 8);
  if (HEAD_BYTES + listingBytes > bytes.length || (bytes.length - HEAD_BYTES - listingBytes) % DIGEST_BYTES !== 0) return undefined;
  return { listing: bytes.subarray(HEAD_BYTES, HEAD_BYTES + listingBytes), digests: bytes.subarray(HEAD_BYTES + listingBytes), sizeBytes };
}

/** There is the old one or the new one, never a part. */
export function writeIndex(path: string, { listing, digests, sizeBytes }: ContextIndex): void {
  const head = Buffer.alloc(HEAD_BYTES);
  head.write(MAGIC + bootID(), "latin1");
  head.writeBigUInt64LE(BigInt(sizeBytes), MAGIC.length + UUID_BYTES);
  head.writeUInt32LE(listing.length, MAGIC.length + UUID_BYTES + 8);
  writeFileSync(`${path}.new`, Buffer.concat([head, listing, digests]), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
