import "./core.ts";
import { fileSystem } from "./file-system.ts";

/** Exit status of a program that died of SIGPIPE, as a shell shows it: what docker does when its reader has gone. */
const EXIT_SIGPIPE = 128 + 13;
/** What an empty pipe takes at once; below it, a blocking write is the cheapest one. */
const SYNC_BYTES = 32 << 10;
/** What a pipe takes as a whole or not at all (pipe(7), PIPE_BUF). */
const ATOMIC_BYTES = 4096;

/** Standard output, written by system calls: the first use of process.stdout costs 10 ms. */
export function out(text: string | Uint8Array): void {
  writeAll(1, text);
}

export function err(text: string | Uint8Array): void {
  writeAll(2, text);
}

/** The first small piece, where it cannot be written at once, and all that has to come after it. */
let waiting: Promise<void> | undefined;

/** To be awaited before the program ends. */
export const outputWritten = async (): Promise<void> => await waiting;

function writeAll(fd: number, text: string | Uint8Array): void {
  const bytes = typeof text === "string" ? Buffer.from(text) : text;
  if (waiting) waiting = waiting.then(() => writeBlocking(fd, bytes));
  else if (bytes.length > ATOMIC_BYTES) writeBlocking(fd, bytes);
  else if (bytes.length > 0) waiting = writeSmall(fd, bytes);
}

/**
 * For this nothing needs to be loaded; but it leaves files and full pipes to the thread pool, and of a large piece it may
 * write the beginning twice. @returns when it is written, where that is not at once
 */
function writeSmall(fd: number, bytes: Uint8Array): Promise<void> | undefined {
  const writing = Bun.write(Bun.file(fd), bytes);
  const result = Bun.peek<unknown>(writing);
  if (typeof result === "number") return undefined;
  if (result === writing) return writing.then(() => undefined, (error: unknown) => waitOrLeave(fd, error));
  writing.catch(() => undefined); // told here and now
  waitOrLeave(fd, result);
  return undefined;
}

function writeBlocking(fd: number, bytes: Uint8Array): void {
  const { writeSync } = fileSystem();
  let rest = bytes;
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
      writeAll(this.fd, bytes);
      return waiting;
    }
    await waiting;
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
  fileSystem().write(fd, bytes, 0, bytes.length, null, (error, written) => (error ? reject(error) : resolve(written)));
  return promise;
}

/** Names come from elsewhere: what would move the cursor or recolour the terminal becomes `?`. */
export function printable(text: string): string {
  return isPrintable(text) ? text : text.replace(new RegExp(CONTROL, "g"), "?");
}

export const isPrintable = (text: string): boolean => !CONTROL.test(text);

// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
