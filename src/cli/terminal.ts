import { dlopen } from "bun:ffi";
import { Failure } from "./failure.ts";

let isatty: ((fd: number) => boolean) | undefined;

export const isTerminal = (fd: number): boolean => (isatty ??= loadIsatty())(fd);

/** The runtime's own loads half of its streams. */
function loadIsatty(): (fd: number) => boolean {
  try {
    const { symbols } = dlopen("libc.so.6", { isatty: { args: ["i32"], returns: "i32" } });
    return (fd) => symbols.isatty(fd) === 1;
  } catch {
    return (require("node:tty") as typeof import("node:tty")).isatty; // another libc
  }
}

/** Docker's refusal of `-t` with an input that is no terminal. */
export function checkTerminal(attachStdin: boolean, tty: boolean): void {
  if (attachStdin && tty && !isTerminal(0)) throw new Failure("the input device is not a TTY");
}

export const stdinIsTerminal = (): boolean => isTerminal(0);
export const stdoutIsTerminal = (): boolean => isTerminal(1);

/** How wide standard output, or another one of ours, is at any moment; undefined where it is no terminal. */
export const stdoutColumns = (fd: 1 | 2 = 1): (() => number) | undefined => (isTerminal(fd) ? () => terminalSize().columns || 80 : undefined);

export function terminalSize(): { rows: number; columns: number } {
  const { rows, columns } = process.stdout;
  return { rows: rows ?? 0, columns: columns ?? 0 };
}

/** Lets every key through to the container, and its output through to the screen, until `restore`. */
export function rawTerminal(): { restore(): void } {
  return rawByTermios() ?? rawByRuntime();
}

const TERMIOS_BYTES = 128; // more than any libc's struct termios
const TCSANOW = 0;

/**
 * The whole of cfmakeraw(3): the runtime's own raw mode still turns each newline of the output into two characters,
 * which the container's terminal has done already.
 */
function rawByTermios(): { restore(): void } | undefined {
  try {
    const { symbols } = dlopen("libc.so.6", {
      tcgetattr: { args: ["i32", "ptr"], returns: "i32" },
      tcsetattr: { args: ["i32", "i32", "ptr"], returns: "i32" },
      cfmakeraw: { args: ["ptr"], returns: "void" },
    });
    const before = new Uint8Array(TERMIOS_BYTES);
    if (symbols.tcgetattr(0, before) !== 0) return undefined;
    const raw = before.slice();
    symbols.cfmakeraw(raw);
    symbols.tcsetattr(0, TCSANOW, raw);
    return { restore: () => void symbols.tcsetattr(0, TCSANOW, before) };
  } catch {
    return undefined; // another libc: the runtime's mode has to do
  }
}

const LOCAL_FLAGS_OFFSET = 12; // after three words of struct termios
const ECHO = 0o10;

/** What is typed is not shown until `restore`; lines stay lines. @throws Failure where that cannot be had */
export function hideTyping(): { restore(): void } {
  const { symbols } = dlopen("libc.so.6", {
    tcgetattr: { args: ["i32", "ptr"], returns: "i32" },
    tcsetattr: { args: ["i32", "i32", "ptr"], returns: "i32" },
  });
  const before = new Uint8Array(TERMIOS_BYTES);
  if (symbols.tcgetattr(0, before) !== 0) throw new Failure("cannot keep what is typed from being shown here: give the password with --password-stdin");
  const hidden = before.slice();
  const view = new DataView(hidden.buffer);
  view.setUint32(LOCAL_FLAGS_OFFSET, view.getUint32(LOCAL_FLAGS_OFFSET, true) & ~ECHO, true);
  symbols.tcsetattr(0, TCSANOW, hidden);
  return { restore: () => void symbols.tcsetattr(0, TCSANOW, before) };
}

function rawByRuntime(): { restore(): void } {
  process.stdin.setRawMode(true);
  return { restore: () => void process.stdin.setRawMode(false) };
}

/** Tells of the size now and whenever it changes. @returns stops it */
export function followSize(resize: (rows: number, columns: number) => Promise<unknown>): () => void {
  const tell = () => {
    const { rows, columns } = terminalSize();
    if (rows > 0) void resize(rows, columns).catch(() => undefined); // it may have ended meanwhile
  };
  process.on("SIGWINCH", tell);
  tell();
  return () => void process.removeListener("SIGWINCH", tell);
}
