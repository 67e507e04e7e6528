import { nameBytes, type TarEntry, type TarKind } from "./entry.ts";
import { BLOCK } from "./tar-numbers.ts";

export type NewEntry = Pick<TarEntry, "kind" | "name"> & Partial<Omit<TarEntry, "sparse" | "storedSize">>;

const TYPE_FLAGS: Readonly<Record<TarKind, string>> = { file: "0", hardLink: "1", symlink: "2", charDevice: "3", blockDevice: "4", directory: "5", fifo: "6" };
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
  const block = Buffer.alloc(BLOCK);
  block.set(nameBytes(entry.name).subarray(0, 100), 0);
  octal(block, 100, 8, entry.mode ?? (entry.kind === "directory" ? 0o755 : 0o644));
  octal(block, 108, 8, entry.uid ?? 0);
  octal(block, 116, 8, entry.gid ?? 0);
  octal(block, 124, 12, size);
  octal(block, 136, 12, Number(mtimeNs / 1_000_000_000n));
  block.write(typeFlag, 156, "latin1");
  block.set(nameBytes(entry.linkName ?? "").subarray(0, 100), 157);
  block.write("ustar\x0000", 257, "latin1");
  if (entry.kind === "charDevice" || entry.kind === "blockDevice") {
    octal(block, 329, 8, entry.devMajor ?? 0);
    octal(block, 337, 8, entry.devMinor ?? 0);
  }
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}

/** Octal digits and a NUL; zero where a pax record tells the real value. */
function octal(block: Buffer, offset: number, length: number, value: number): void {
  const digits = value < 0 ? "0" : value.toString(8);
  block.write((digits.length < length ? digits : "0").padStart(length - 1, "0"), offset, "latin1");
}
