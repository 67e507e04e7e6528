/** cgroupfs: small texts in files whose write is the command. */
import { readdirSync } from "node:fs";
import { callOn, tryCall } from "../call.ts";
import { O } from "../constants.ts";
import { SyscallError } from "../errno.ts";
import { readSmallText } from "../proc.ts";

const ENOENT = 2;
const EEXIST = 17;
const EBUSY = 16;
const AT_FDCWD = -100;

/** @throws SyscallError naming the file and the value */
export function writeControl(path: string, value: string | number): void {
  writeControls(path, [value]);
}

/** One command per write, over one descriptor. */
export function writeControls(path: string, values: readonly (string | number)[]): void {
  const fd = callOn(path, "openat", AT_FDCWD, path, O.WRONLY | O.CLOEXEC, 0);
  try {
    for (const value of values) {
      const bytes = Buffer.from(String(value));
      const written = tryCall("write", fd, bytes, bytes.length);
      if (written < 0) throw new SyscallError("write", -written, `${path} (${value})`);
    }
  } finally {
    tryCall("close", fd);
  }
}

/** False where this kernel has no such file. */
export function writeControlIfThere(path: string, value: string | number): boolean {
  try {
    writeControl(path, value);
    return true;
  } catch (error) {
    if (error instanceof SyscallError && error.errno === ENOENT) return false;
    throw error;
  }
}

/** True when it was made now. */
export function makeFolder(path: string): boolean {
  const result = tryCall("mkdirat", AT_FDCWD, path, 0o755);
  if (result < 0 && result !== -EEXIST) throw new SyscallError("mkdir", -result, path);
  return result === 0;
}

export function readNumber(path: string): number {
  const text = readSmallText(path)?.trim();
  return text === undefined || text === "max" ? 0 : Number(text);
}

/** `name value` lines. */
export function readTable(path: string): Record<string, number> {
  const table: Record<string, number> = {};
  for (const line of readSmallText(path)?.split("\n") ?? []) {
    const space = line.indexOf(" ");
    if (space > 0) table[line.slice(0, space)] = Number(line.slice(space + 1));
  }
  return table;
}

export function childFolders(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  } catch {
    return [];
  }
}

export function processesBelow(path: string): number[] {
  const own = readSmallText(`${path}/cgroup.procs`)?.split("\n").filter(Boolean).map(Number) ?? [];
  return [...own, ...childFolders(path).flatMap((name) => processesBelow(`${path}/${name}`))];
}

/** Removes a group and the groups inside it; false while a process or a dying group is still there. */
export function tryRemove(path: string): boolean {
  const AT_REMOVEDIR = 0x200;
  let result = tryCall("unlinkat", AT_FDCWD, path, AT_REMOVEDIR);
  if (result === -EBUSY) {
    if (!childFolders(path).map((name) => tryRemove(`${path}/${name}`)).every(Boolean)) return false;
    result = tryCall("unlinkat", AT_FDCWD, path, AT_REMOVEDIR);
  }
  if (result === -EBUSY) return false;
  if (result < 0 && result !== -ENOENT) throw new SyscallError("rmdir", -result, path);
  return true;
}

const FIRST_WAIT_MS = 1;
const LONGEST_WAIT_MS = 50;
const REMOVE_DEADLINE_MS = 10_000;

export async function removeAll(paths: readonly string[]): Promise<void> {
  const deadline = Date.now() + REMOVE_DEADLINE_MS;
  let left = paths.filter((path) => !tryRemove(path));
  for (let waitMs = FIRST_WAIT_MS; left.length > 0; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
    if (Date.now() > deadline) throw new SyscallError("rmdir", EBUSY, left[0]);
    await Bun.sleep(waitMs);
    left = left.filter((path) => !tryRemove(path));
  }
}

/** Waits for `done`, which asks the kernel. @throws SyscallError EBUSY at the deadline */
export async function settle(what: string, path: string, done: () => boolean): Promise<void> {
  const deadline = Date.now() + REMOVE_DEADLINE_MS;
  for (let waitMs = FIRST_WAIT_MS; !done(); waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
    if (Date.now() > deadline) throw new SyscallError(what, EBUSY, path);
    await Bun.sleep(waitMs);
  }
}
