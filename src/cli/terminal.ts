import { isatty } from "node:tty";
import { Failure } from "./failure.ts";

/** Docker's refusal of `-t` with an input that is no terminal. */
export function checkTerminal(attachStdin: boolean, tty: boolean): void {
  if (attachStdin && tty && !isatty(0)) throw new Failure("the input device is not a TTY");
}

export const stdinIsTerminal = (): boolean => isatty(0);
export const stdoutIsTerminal = (): boolean => isatty(1);

export function terminalSize(): { rows: number; columns: number } {
  const { rows, columns } = process.stdout;
  return { rows: rows ?? 0, columns: columns ?? 0 };
}

/** Lets every key through to the container until `restore`. */
export function rawTerminal(): { restore(): void } {
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
