import type { NewEntry } from "./tar-writer.ts";
import type { TarKind } from "./entry.ts";
import { BLOCK } from "./tar-numbers.ts";

export const TYPE_FLAGS: Readonly<Record<TarKind, string>> = { file: "0", hardLink: "1", symlink: "2", charDevice: "3", blockDevice: "4", directory: "5", fifo: "6" };

const ZERO = 0x30;

/** Writes one ustar block at `offset`; whatever does not fit its field is for a pax header to say. */
export function putHeader(target: Buffer, offset: number, entry: NewEntry, size: number, mtimeSeconds: number, typeFlag: string): void {
  target.fill(0, offset, offset + BLOCK);
  target.write(entry.name, offset, 100, "latin1");
  putOctal(target, offset + 100, 8, entry.mode ?? (entry.kind === "directory" ? 0o755 : 0o644));
  putOctal(target, offset + 108, 8, entry.uid ?? 0);
  putOctal(target, offset + 116, 8, entry.gid ?? 0);
  putOctal(target, offset + 124, 12, size);
  putOctal(target, offset + 136, 12, mtimeSeconds);
  target[offset + 156] = typeFlag.charCodeAt(0);
  if (entry.linkName) target.write(entry.linkName, offset + 157, 100, "latin1");
  target.write("ustar\x0000", offset + 257, 8, "latin1");
  if (entry.kind === "charDevice" || entry.kind === "blockDevice") {
    putOctal(target, offset + 329, 8, entry.devMajor ?? 0);
    putOctal(target, offset + 337, 8, entry.devMinor ?? 0);
  }
  target.fill(0x20, offset + 148, offset + 156);
  putOctal(target, offset + 148, 7, checksum(target, offset));
}

function checksum(block: Buffer, offset: number): number {
  let sum = 0;
  for (let index = offset; index < offset + BLOCK; index++) sum += block[index] as number;
  return sum;
}

/** Octal digits and a NUL; zero where the value does not fit. */
function putOctal(target: Buffer, offset: number, length: number, value: number): void {
  let rest = value < 0 || value >= 8 ** (length - 1) ? 0 : value;
  target[offset + length - 1] = 0;
  for (let index = offset + length - 2; index >= offset; index--) {
    const digit = rest % 8;
    target[index] = ZERO + digit;
    rest = (rest - digit) / 8;
  }
}
