import type { FoundPackage } from "./found-package.ts";
import { found } from "./records.ts";
import { DamagedDatabase, sqliteTable } from "./sqlite-table.ts";

/** Headers of packages with very many files. */
const MAX_HEADER_BYTES = 32 * 1024 * 1024;
const ENTRY_BYTES = 16;
/** Longer texts are no names or versions. */
const MAX_TEXT_BYTES = 4096;
/** Of a package's header (rpmtag.h). */
const TAG = { name: 1000, version: 1001, release: 1002, epoch: 1003, license: 1014, architecture: 1022 } as const;
const WANTED: ReadonlySet<number> = new Set(Object.values(TAG));
const TYPE = { int32: 4, text: 6 } as const;
/** A key that packages were signed with, kept among them. */
const KEY = "gpg-pubkey";

/** rpmdb.sqlite: the header of each package that is installed. @throws DamagedDatabase */
export function rpmPackages(bytes: Uint8Array, foundIn: string): FoundPackage[] {
  const rows = sqliteTable(bytes, "Packages", MAX_HEADER_BYTES);
  if (!rows) throw new DamagedDatabase("it has no list of packages");
  const packages: FoundPackage[] = [];
  for (const [, header] of rows) if (header instanceof Uint8Array) packages.push(...packageOf(Buffer.from(header.buffer, header.byteOffset, header.length), foundIn));
  return packages;
}

/** A header: how many entries and how many bytes of data there are, the entries, the data. */
function packageOf(header: Buffer, foundIn: string): FoundPackage[] {
  if (header.length < 8) return [];
  const [entries, dataBytes] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const dataAt = 8 + entries * ENTRY_BYTES;
  if (dataAt + dataBytes > header.length) return [];
  const data = header.subarray(dataAt, dataAt + dataBytes);
  const fields = new Map<number, string>();
  for (let at = 8; at < dataAt; at += ENTRY_BYTES) {
    const [tag, type, offset] = [header.readUInt32BE(at), header.readUInt32BE(at + 4), header.readUInt32BE(at + 8)];
    if (!WANTED.has(tag) || fields.has(tag)) continue;
    const value = type === TYPE.text ? textAt(data, offset) : type === TYPE.int32 && offset + 4 <= data.length ? String(data.readUInt32BE(offset)) : undefined;
    if (value !== undefined) fields.set(tag, value);
  }
  const [name, version, release, epoch] = [TAG.name, TAG.version, TAG.release, TAG.epoch].map((tag) => fields.get(tag));
  if (name === KEY || version === undefined || release === undefined) return [];
  return found("rpm", name, `${epoch === undefined || epoch === "0" ? "" : `${epoch}:`}${version}-${release}`, { architecture: fields.get(TAG.architecture), license: fields.get(TAG.license), foundIn });
}

function textAt(data: Buffer, offset: number): string | undefined {
  const text = data.subarray(offset, offset + MAX_TEXT_BYTES);
  const end = text.indexOf(0);
  return end < 0 ? undefined : text.toString("utf8", 0, end);
}
