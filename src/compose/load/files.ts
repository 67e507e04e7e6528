import { readFileSync, statSync } from "node:fs";
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

/** @throws ComposeError in the words Go has for failed system calls */
export function readSource(file: string): Source {
  return { file, text: readText(file) };
}

export function readText(file: string): string {
  try {
    const { size } = statSync(file);
    if (size > MAX_BYTES) throw new ComposeError(`${file}: the file is larger than ${MAX_BYTES >> 20} MiB`);
    return readFileSync(file, "utf8");
  } catch (error) {
    throw error instanceof ComposeError ? error : fileError(error, file);
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
