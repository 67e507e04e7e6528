import { call } from "./call.ts";

export interface DirectoryEntry {
  readonly name: Uint8Array;
  /** Of DT; DT.UNKNOWN on file systems that do not say. */
  readonly type: number;
  readonly ino: bigint;
}

const buffer = new Uint8Array(new ArrayBuffer(64 * 1024));
const view = new DataView(buffer.buffer);

/** The next entries of an open folder without `.` and `..`; undefined at the end. @throws SyscallError */
export function getdents(fd: number): DirectoryEntry[] | undefined {
  const length = call("getdents64", fd, buffer, buffer.length);
  if (length === 0) return undefined;
  const entries: DirectoryEntry[] = [];
  for (let offset = 0; offset < length; offset += view.getUint16(offset + 16, true)) {
    const nameStart = offset + 19;
    const name = buffer.slice(nameStart, buffer.indexOf(0, nameStart));
    if (isDot(name)) continue;
    entries.push({ name, type: view.getUint8(offset + 18), ino: view.getBigUint64(offset, true) });
  }
  return entries;
}

/** All entries from the current position. */
export function readDirectory(fd: number): DirectoryEntry[] {
  const all: DirectoryEntry[] = [];
  for (let batch = getdents(fd); batch; batch = getdents(fd)) all.push(...batch);
  return all;
}

const DOT = 0x2e;

function isDot(name: Uint8Array): boolean {
  return name[0] === DOT && (name.length === 1 || (name.length === 2 && name[1] === DOT));
}
