import type { BuildChannel } from "../../spec/mod.ts";
import { err, out } from "../output.ts";
import { rawTerminal, stdinIsTerminal, stdoutIsTerminal, terminalSize } from "../terminal.ts";

const DEFAULT_ROWS = 24;
const DEFAULT_COLUMNS = 80;

/** Nobody could type into one otherwise. */
export const canOpenShell = (): boolean => stdinIsTerminal() && stdoutIsTerminal();

/** A shell in the file system of the step that failed, as it left it; returns when that ends. */
export async function openDebugShell(channel: BuildChannel): Promise<void> {
  const { rows, columns } = terminalSize();
  err("\nThe step failed. This is a shell in its file system; it is gone when you leave it.\n");
  const stream = channel.open({ ask: "shell", args: ["/bin/sh"], rows: rows || DEFAULT_ROWS, cols: columns || DEFAULT_COLUMNS });
  const raw = rawTerminal();
  try {
    void (async () => {
      for await (const bytes of Bun.stdin.stream()) await stream.write(bytes);
      stream.end();
    })().catch(() => undefined);
    for await (const bytes of stream.input) out(bytes);
  } catch (error) {
    raw.restore();
    if (error instanceof Error) err(`${error.message}\n`);
  } finally {
    raw.restore();
  }
}
