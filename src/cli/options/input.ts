import { openSync, statSync } from "node:fs";
import { isatty } from "node:tty";
import { Failure } from "../failure.ts";
import { openFailure } from "./key-value.ts";

const CHUNK_BYTES = 1 << 20;

/** The bytes of a file, or of standard input. @throws Failure when it cannot be read */
export function openInput(path: string | undefined): AsyncIterable<Uint8Array> {
  if (path === undefined) return Bun.stdin.stream();
  try {
    if (statSync(path).isDirectory()) throw new Failure(`read ${path}: is a directory`);
    return Bun.file(openSync(path, "r")).stream(CHUNK_BYTES);
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(openFailure(path, error));
  }
}

export const stdinIsTerminal = (): boolean => isatty(0);
