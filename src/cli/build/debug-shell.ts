import type { BuildChannel } from "../../spec/mod.ts";
import { err, out } from "../output.ts";
import { rawTerminal, stdinIsTerminal, stdoutIsTerminal, terminalSize } from "../terminal.ts";

/** A shell in the file system of the step that failed, as it left it; returns when that ends. */
export async function openDebugShell(channel: BuildChannel): Promise<void> {
  const terminal = stdinIsTerminal() && stdoutIsTerminal();
  const { rows, columns } = terminal ? terminalSize() : { rows: 0, columns: 0 };
  err("\nThe step failed. This is a shell in its file system; it is gone when you leave it.\n");
  const stream = channel.open({ ask: "shell", args: ["/bin/sh"], rows, cols: columns });
  const raw = terminal ? rawTerminal() : undefined;
  try {
    void (async () => {
      for await (const bytes of Bun.stdin.stream()) await stream.write(bytes);
      stream.end();
    })().catch(() => undefined);
    for await (const bytes of stream.input) out(bytes);
  } catch (error) {
    raw?.restore();
    // Its exit code says nothing of the build, which has failed already.
    if (error instanceof Error && !error.message.startsWith("exit code: ")) err(`${error.message}\n`);
  } finally {
    raw?.restore();
  }
}
