import { openSync, statSync } from "node:fs";
import { isatty } from "node:tty";
import { Failure } from "../failure.ts";
import { openFailure } from "./key-value.ts";

/** The bytes of a file, or of standard input. @throws Failure when it cannot be read */
export function openInput(path: string | undefined): AsyncIterable<Uint8Array> {
  if (path === undefined) return Bun.stdin.stream();
  try {
    if (statSync(path).isDirectory()) throw new Failure(`read ${path}: is a directory`);
    return Bun.file(openSync(path, "r")).stream();
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(openFailure(path, error));
  }
}

export const stdinIsTerminal = (): boolean => isatty(0);
