import { nameBytes, type TarEntry } from "./entry.ts";
import { putHeader, TYPE_FLAGS } from "./header-block.ts";
import { BLOCK } from "./tar-numbers.ts";

export type NewEntry = Pick<TarEntry, "kind" | "name"> & Partial<Omit<TarEntry, "sparse" | "storedSize">> & {
  /** A sparse file of GNU tar's format 1.0: `size` is that of the map and the data that follow, this its own. */
  readonly holes?: { readonly realSize: number };
};

const LARGEST_OCTAL_7 = 0o7777777;
const LARGEST_OCTAL_11 = 0o77777777777;

/** The header blocks of a member: ustar, with a pax header in front for whatever ustar cannot say. */
export function encodeHeader(entry: NewEntry): Uint8Array {
  const size = entry.kind === "file" ? (entry.size ?? 0) : 0;
  const mtimeNs = entry.mtimeNs ?? 0n;
  const records = paxRecords(entry, size, mtimeNs);
  const header = ustar(entry, size, mtimeNs, TYPE_FLAGS[entry.kind]);
  if (records.length === 0) return header;
  const body = Buffer.concat(records);
  return Buffer.concat([ustar({ kind: "file", name: "PaxHeaders/entry" }, body.length, 0n, "x"), body, padding(body.length), header]);
}

/** Whether one ustar block says everything about the member. */
export function fitsUstar(entry: NewEntry): boolean {
  return paxRecords(entry, entry.kind === "file" ? (entry.size ?? 0) : 0, entry.mtimeNs ?? 0n).length === 0;
}

/** The zeros that fill a member's last block. */
export function padding(size: number): Uint8Array {
  const over = size % BLOCK;
  return new Uint8Array(over === 0 ? 0 : BLOCK - over);
}

/** The archive's end mark. */
export function endOfArchive(): Uint8Array {
  return new Uint8Array(2 * BLOCK);
}

/** A small archive in memory. */
export function encodeTar(members: readonly (NewEntry & { readonly content?: Uint8Array | string })[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const { content = new Uint8Array(), ...entry } of members) {
    const bytes = typeof content === "string" ? Buffer.from(content) : content;
    parts.push(encodeHeader({ ...entry, size: bytes.length }), bytes, padding(bytes.length));
  }
  return Buffer.concat([...parts, endOfArchive()]);
}

function paxRecords(entry: NewEntry, size: number, mtimeNs: bigint): Uint8Array[] {
  const records: Uint8Array[] = [];
  const add = (key: string, value: Uint8Array | string) => records.push(paxRecord(key, typeof value === "string" ? Buffer.from(value) : value));
  if (entry.holes) {
    add("GNU.sparse.major", "1");
    add("GNU.sparse.minor", "0");
    add("GNU.sparse.name", nameBytes(entry.name));
    add("GNU.sparse.realsize", String(entry.holes.realSize));
  }
  if (!fits(entry.name, 100)) add("path", nameBytes(entry.name));
  if (!fits(entry.linkName ?? "", 100)) add("linkpath", nameBytes(entry.linkName ?? ""));
  if (size > LARGEST_OCTAL_11) add("size", String(size));
  if ((entry.uid ?? 0) > LARGEST_OCTAL_7) add("uid", String(entry.uid));
  if ((entry.gid ?? 0) > LARGEST_OCTAL_7) add("gid", String(entry.gid));
  if (mtimeNs % 1_000_000_000n !== 0n || mtimeNs < 0n || mtimeNs / 1_000_000_000n > BigInt(LARGEST_OCTAL_11)) add("mtime", timeText(mtimeNs));
  for (const [name, value] of entry.xattrs ?? []) add(`SCHILY.xattr.${name}`, value);
  return records;
}

function fits(name: string, length: number): boolean {
  // Names beyond ASCII are said in pax too, as GNU tar and Go do.
  return name.length <= length && /^[\x01-\x7f]*$/.test(name);
}

/** The length at the front counts itself. */
function paxRecord(key: string, value: Uint8Array): Uint8Array {
  const rest = key.length + value.length + 3;
  let length = rest + String(rest).length;
  if (rest + String(length).length !== length) length = rest + String(length).length;
  return Buffer.concat([Buffer.from(`${length} ${key}=`), value, Buffer.from("\n")]);
}

function timeText(ns: bigint): string {
  const absolute = ns < 0n ? -ns : ns;
  const fraction = (absolute % 1_000_000_000n).toString().padStart(9, "0").replace(/0+$/, "");
  return `${ns < 0n ? "-" : ""}${absolute / 1_000_000_000n}${fraction === "" ? "" : `.${fraction}`}`;
}

function ustar(entry: NewEntry, size: number, mtimeNs: bigint, typeFlag: string): Buffer {
  const block = Buffer.allocUnsafe(BLOCK);
  putHeader(block, 0, entry, size, Number(mtimeNs / 1_000_000_000n), typeFlag);
  return block;
}
