/** The "newc" archive that the kernel unpacks as its first root file system. Parents must come before children. */
export interface CpioEntry {
  readonly path: string;
  /** With its S_IF type. */
  readonly mode: number;
  readonly data?: Uint8Array;
}

const TRAILER = "TRAILER!!!";

export function cpioArchive(entries: readonly CpioEntry[]): Uint8Array {
  const parts: Uint8Array[] = [];
  [...entries, { path: TRAILER, mode: 0 }].forEach((entry, index) => parts.push(...member(entry, index + 1)));
  return Buffer.concat(parts);
}

function member({ path, mode, data = new Uint8Array() }: CpioEntry, ino: number): Uint8Array[] {
  const name = Buffer.from(`${path}\0`);
  // ino mode uid gid nlink mtime filesize devmajor devminor rdevmajor rdevminor namesize check
  const fields = [ino, mode, 0, 0, 1, 0, data.length, 0, 0, 0, 0, name.length, 0];
  const header = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`);
  return [header, name, padding(header.length + name.length), data, padding(data.length)];
}

function padding(length: number): Uint8Array {
  return new Uint8Array((4 - (length % 4)) % 4);
}
