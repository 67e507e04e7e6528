import "./core.ts";
import { write, writeSync } from "node:fs";

/** Exit status of a program that died of SIGPIPE, as a shell shows it: what docker does when its reader has gone. */
const EXIT_SIGPIPE = 128 + 13;
/** What an empty pipe takes at once; below it, a blocking write is the cheapest one. */
const SYNC_BYTES = 32 << 10;

/** Standard output, written by system calls: the first use of process.stdout costs 10 ms. */
export function out(text: string | Uint8Array): void {
  writeAll(1, text);
}

export function err(text: string | Uint8Array): void {
  writeAll(2, text);
}

function writeAll(fd: number, text: string | Uint8Array): void {
  let rest = typeof text === "string" ? Buffer.from(text) : text;
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      waitOrLeave(fd, error);
    }
  }
}

/** A pipe that someone made non-blocking is full: wait for its reader. A reader that has gone ends us. */
function waitOrLeave(fd: number, error: unknown): void {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EAGAIN") Bun.sleepSync(2);
  else if (code === "EPIPE") process.exit(EXIT_SIGPIPE);
  else if (code !== "EINTR") throw new Error(`cannot write to standard ${fd === 1 ? "output" : "error"}: ${error instanceof Error ? error.message : String(error)}`);
}

/**
 * For streams without end. The first bytes are written at once; what may block is written by the thread pool,
 * so that signals and standard input go on while the reader is slow.
 */
export class StreamWriter {
  #syncLeft = SYNC_BYTES;

  constructor(readonly fd: 1 | 2) {}

  async write(bytes: Uint8Array): Promise<void> {
    if (bytes.length <= this.#syncLeft) {
      this.#syncLeft -= bytes.length;
      return writeAll(this.fd, bytes);
    }
    let rest = bytes;
    while (rest.length > 0) {
      try {
        rest = rest.subarray(await writeLater(this.fd, rest));
      } catch (error) {
        waitOrLeave(this.fd, error);
      }
    }
  }
}

function writeLater(fd: number, bytes: Uint8Array): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  write(fd, bytes, 0, bytes.length, null, (error, written) => (error ? reject(error) : resolve(written)));
  return promise;
}

/** Names come from elsewhere: what would move the cursor or recolour the terminal becomes `?`. */
export function printable(text: string): string {
  return isPrintable(text) ? text : text.replace(new RegExp(CONTROL, "g"), "?");
}

export const isPrintable = (text: string): boolean => !CONTROL.test(text);

// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
