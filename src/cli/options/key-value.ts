import { fileSystem } from "../file-system.ts";
import { ValueError } from "../values.ts";

/** `KEY=value`, or `KEY` whose value comes from our own environment; a KEY that is set nowhere stays bare. */
export function parseEnv(text: string): string {
  if (text === "" || text.startsWith("=")) throw new ValueError(`invalid environment variable: ${text}`);
  return withOwnValue(text);
}

function withOwnValue(text: string): string {
  const own = text.includes("=") ? undefined : process.env[text];
  return own === undefined ? text : `${text}=${own}`;
}

/** `key=value` or `key`; never without a key. */
export function checkLabel(text: string): string {
  if (text === "" || text.startsWith("=")) throw new ValueError(`invalid label '${text}': empty name`);
  return text;
}

/** `key=value` or `key`, as pairs. */
export function splitPair(text: string): readonly [string, string] {
  const equals = text.indexOf("=");
  return equals < 0 ? [text, ""] : [text.slice(0, equals), text.slice(equals + 1)];
}

/** Lines `KEY=value` or `KEY`; blank lines and lines that start with # are passed over (docker's --env-file). */
export function readEnvFile(path: string): string[] {
  return readPairs(path).flatMap(({ key, value }) => {
    if (value !== undefined) return [`${key}=${value}`];
    const own = process.env[key];
    return own === undefined ? [] : [`${key}=${own}`];
  });
}

export function readLabelFile(path: string): string[] {
  return readPairs(path).flatMap(({ key, value }) => (value === undefined ? [] : [`${key}=${value}`]));
}

function readPairs(path: string): Array<{ key: string; value: string | undefined }> {
  const bytes = readOpened(path);
  const text = bytes.toString("utf8").replace(/^\uFEFF/, "");
  return text.split("\n").flatMap((raw, index) => {
    if (raw.includes("\uFFFD") && !isUtf8(bytes)) throw new FileError(`invalid env file (${path}): invalid utf8 bytes at line ${index + 1}`);
    const line = raw.replace(/\r$/, "").trimStart();
    if (line === "" || line.startsWith("#")) return [];
    const equals = line.indexOf("=");
    const key = equals < 0 ? line.trim() : line.slice(0, equals).trimStart();
    if (/[ \t]/.test(key)) throw new FileError(`invalid env file (${path}): variable '${key}' contains whitespaces`);
    if (key === "") throw new FileError(`invalid env file (${path}): no variable name on line '${line}'`);
    return [{ key, value: equals < 0 ? undefined : line.slice(equals + 1) }];
  });
}

/** A file named by a flag cannot be used. */
export class FileError extends Error {}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** @throws FileError with the sentence that Go programs print */
export function readOpened(path: string): Buffer {
  try {
    return fileSystem().readFileSync(path);
  } catch (error) {
    const failure = openFailure(path, error);
    throw new FileError(failure.startsWith("read ") ? `invalid env file (${path}): ${failure}` : failure);
  }
}

export function openFailure(path: string, error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT") return `open ${path}: no such file or directory`;
  if (code === "EACCES") return `open ${path}: permission denied`;
  if (code === "EISDIR") return `read ${path}: is a directory`;
  return `open ${path}: ${error instanceof Error ? error.message : String(error)}`;
}
