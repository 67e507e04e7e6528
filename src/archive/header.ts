import type { SparseRun, TarEntry, TarKind } from "./entry.ts";
import type { TarLimits } from "./limits.ts";
import { latin1, xattrsOf, type PaxRecords } from "./pax.ts";
import { malformed, parseDecimal, parseNumber, parseTime } from "./tar-numbers.ts";

/** What earlier headers (GNU long names, pax) said about the next member. */
export interface HeaderExtension {
  readonly longName: string | undefined;
  readonly longLink: string | undefined;
  readonly global: PaxRecords;
  readonly local: PaxRecords;
}

const KINDS: Readonly<Record<string, TarKind>> = {
  "0": "file", "\0": "file", "7": "file", S: "file", "1": "hardLink", "2": "symlink", "3": "charDevice", "4": "blockDevice", "5": "directory", "6": "fifo",
};

/** The member that a header block describes, extensions applied; its sparse map is read by the caller. */
export function parseHeader(block: Uint8Array, extension: HeaderExtension, limits: TarLimits): TarEntry & { readonly typeFlag: string; readonly pax: ReadonlyMap<string, string> } {
  const typeFlag = String.fromCharCode(block[156] as number);
  const pax = lastValues(extension);
  const name = pax.get("GNU.sparse.name") ?? pax.get("path") ?? extension.longName ?? headerName(block);
  const linkName = pax.get("linkpath") ?? extension.longLink ?? text(block, 157, 100);
  const kind = kindOf(typeFlag, name);
  const storedSize = kind === "file" ? sizeOf(block, pax) : 0;
  if (name.length > limits.nameBytes || linkName.length > limits.nameBytes) throw malformed("a name is too long");
  const records = extension.local.length === 0 ? extension.global : [...extension.global, ...extension.local];
  const mtime = pax.get("mtime");
  return {
    typeFlag, pax, kind, name, linkName, storedSize, size: storedSize,
    mode: parseNumber(block, 100, 8) & 0o7777,
    uid: id(pax.get("uid"), block, 108),
    gid: id(pax.get("gid"), block, 116),
    mtimeNs: mtime === undefined ? BigInt(parseNumber(block, 136, 12)) * 1_000_000_000n : parseTime(mtime),
    devMajor: kind === "charDevice" || kind === "blockDevice" ? deviceId(block, 329) : 0,
    devMinor: kind === "charDevice" || kind === "blockDevice" ? deviceId(block, 337) : 0,
    xattrs: records.length === 0 ? NO_XATTRS : xattrsOf(records, limits),
  };
}

const NO_XATTRS: ReadonlyMap<string, Uint8Array> = new Map();
const NO_VALUES: ReadonlyMap<string, string> = new Map();

/** A later record replaces an earlier one; an empty value takes a global one back. */
function lastValues({ global, local }: HeaderExtension): ReadonlyMap<string, string> {
  if (global.length === 0 && local.length === 0) return NO_VALUES;
  const values = new Map<string, string>();
  for (const [key, value] of [...global, ...local]) {
    if (key.startsWith("SCHILY.")) continue;
    if (value.length === 0) values.delete(key);
    else values.set(key, latin1(value));
  }
  return values;
}

function kindOf(typeFlag: string, name: string): TarKind {
  const kind = KINDS[typeFlag];
  if (kind === undefined) throw malformed(`entries of type "${/[\x21-\x7e]/.test(typeFlag) ? typeFlag : "?"}" are not supported`);
  // V7 archives mark a folder by its final slash only.
  return kind === "file" && name.endsWith("/") ? "directory" : kind;
}

function sizeOf(block: Uint8Array, pax: ReadonlyMap<string, string>): number {
  const stated = pax.get("size");
  const size = stated === undefined ? parseNumber(block, 124, 12) : parseDecimal(stated);
  if (size < 0) throw malformed("a size is negative");
  return size;
}

const HIGHEST_ID = 0xffff_fffe;

function id(stated: string | undefined, block: Uint8Array, offset: number): number {
  const value = stated === undefined ? parseNumber(block, offset, 8) : parseDecimal(stated);
  if (value < 0 || value > HIGHEST_ID) throw malformed("an owner's id is out of range");
  return value;
}

function deviceId(block: Uint8Array, offset: number): number {
  const value = parseNumber(block, offset, 8);
  if (value < 0 || value > 0xfffff) throw malformed("a device number is out of range");
  return value;
}

/** The header's own name; POSIX archives split long ones into prefix and name. */
function headerName(block: Uint8Array): string {
  const name = text(block, 0, 100);
  // "ustar\0": POSIX. GNU ("ustar ") keeps times where the prefix would be.
  const posix = block[257] === 0x75 && block[258] === 0x73 && block[259] === 0x74 && block[260] === 0x61 && block[261] === 0x72 && block[262] === 0;
  if (!posix || block[345] === 0) return name;
  return `${text(block, 345, 155)}/${name}`;
}

export function text(block: Uint8Array, offset: number, length: number): string {
  const nul = block.indexOf(0, offset);
  return latin1(block.subarray(offset, nul < 0 || nul > offset + length ? offset + length : nul));
}

/** Entries of a sparse map must ascend, not overlap and stay inside the file. */
export function checkSparse(runs: readonly SparseRun[], realSize: number, storedSize: number): void {
  let end = 0;
  let stored = 0;
  for (const { offset, length } of runs) {
    if (offset < end || !Number.isSafeInteger(offset + length) || offset + length > realSize) throw malformed("a sparse file's map is inconsistent");
    end = offset + length;
    stored += length;
  }
  if (stored !== storedSize) throw malformed("a sparse file's map does not fit its data");
}
