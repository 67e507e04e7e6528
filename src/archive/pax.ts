import { malformed } from "./tar-numbers.ts";
import type { TarLimits } from "./limits.ts";

/** Records of an extended header (POSIX pax): key and value bytes, in order. */
export type PaxRecords = readonly (readonly [key: string, value: Uint8Array])[];

/** Parses `<length> <key>=<value>\n` records; values are any bytes. */
export function parsePax(bytes: Uint8Array): PaxRecords {
  const records: [string, Uint8Array][] = [];
  for (let offset = 0; offset < bytes.length; ) {
    // Some writers pad the header with NULs.
    if (bytes[offset] === 0) break;
    const space = bytes.indexOf(0x20, offset);
    if (space < 0 || space === offset || space - offset > 8) throw malformed("an extended header record has no length");
    const digits = latin1(bytes.subarray(offset, space));
    const end = offset + Number(digits);
    if (!/^[0-9]+$/.test(digits) || end > bytes.length || end <= space + 2 || bytes[end - 1] !== 0x0a) throw malformed("an extended header record lies about its length");
    const equals = bytes.indexOf(0x3d, space + 1);
    if (equals < 0 || equals >= end - 1 || equals === space + 1) throw malformed("an extended header record has no key");
    records.push([latin1(bytes.subarray(space + 1, equals)), bytes.slice(equals + 1, end - 1)]);
    offset = end;
  }
  return records;
}

const XATTR = "SCHILY.xattr.";

/** Extended attributes, their values as bytes (capabilities are binary). */
export function xattrsOf(records: PaxRecords, limits: TarLimits): Map<string, Uint8Array> {
  const xattrs = new Map<string, Uint8Array>();
  for (const [key, value] of records) {
    if (!key.startsWith(XATTR)) continue;
    const name = key.slice(XATTR.length);
    if (name === "" || name.length > 255 || name.includes("\0")) throw malformed("an extended attribute has no valid name");
    if (value.length > limits.xattrBytes) throw malformed("an extended attribute is too long");
    xattrs.set(name, value);
    if (xattrs.size > limits.xattrsPerEntry) throw malformed("an entry has too many extended attributes");
  }
  return xattrs;
}

export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}
