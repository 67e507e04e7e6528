import { closeSync, openSync, readSync, statSync } from "node:fs";
import { ComposeError } from "../errors.ts";
import type { Source } from "../tree/node.ts";

const SENTENCES: Readonly<Record<string, string>> = {
  ENOENT: "no such file or directory",
  EACCES: "permission denied",
  EISDIR: "is a directory",
  ENOTDIR: "not a directory",
  ELOOP: "too many levels of symbolic links",
};

/** More than any compose or env file: what is larger is no such file. */
const MAX_BYTES = 8 << 20;
const CHUNK_BYTES = 64 << 10;

/** @throws ComposeError in the words Go has for failed system calls */
export function readSource(file: string): Source {
  return { file, text: readText(file) };
}

export function readText(file: string): string {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file, "r");
    return readDescriptor(descriptor, file);
  } catch (error) {
    throw error instanceof ComposeError ? error : fileError(error, file);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** Everything there is to read, which may be a pipe or a device without end. @throws ComposeError beyond the limit */
export function readDescriptor(descriptor: number, name: string): string {
  const chunks: Buffer[] = [];
  for (let total = 0; ; ) {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const length = readSync(descriptor, chunk);
    if (length === 0) return Buffer.concat(chunks).toString("utf8");
    chunks.push(chunk.subarray(0, length));
    total += length;
    if (total > MAX_BYTES) throw new ComposeError(`${name}: the file is larger than ${MAX_BYTES >> 20} MiB`);
  }
}

function fileError(error: unknown, file: string): ComposeError {
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
  const call = code === "EISDIR" ? "read" : "open";
  return new ComposeError(`${call} ${file}: ${SENTENCES[code] ?? (error instanceof Error ? error.message : String(error))}`);
}

export function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === false;
}

export const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

export const exists = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined;
