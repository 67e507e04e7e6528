import { Failure } from "./failure.ts";

const SENTENCES: Readonly<Record<string, string>> = {
  ENOENT: "no such file or directory",
  EACCES: "permission denied",
  EEXIST: "file exists",
  EISDIR: "is a directory",
  ENOTDIR: "not a directory",
  EROFS: "read-only file system",
  ENOSPC: "no space left on device",
};

/** A system call's failure in Go's words: `open /x: no such file or directory`. */
export function fileFailure(call: string, path: string, error: unknown): Failure {
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
  return new Failure(`${call} ${path}: ${SENTENCES[code] ?? (error instanceof Error ? error.message : String(error))}`);
}
