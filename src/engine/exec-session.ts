import type { ByteDuplex } from "../base/mod.ts";
import type { ExecRecord } from "./exec-table.ts";
import { FrameFilter } from "./frame-filter.ts";
import type { Shim } from "./ports.ts";
import { pumpStdin } from "./pump-stdin.ts";

/** Joins a client to an exec until the process has ended and its output is through, or the client detaches. */
export async function serveExec(exec: ExecRecord, shim: Shim, output: AsyncIterable<Uint8Array> | undefined, ended: Promise<void>, duplex: ByteDuplex): Promise<void> {
  const detached = exec.request.AttachStdin ? carryInput(exec, shim, duplex) : undefined;
  const finished = (async () => {
    if (output) await carryOutput(exec, output, duplex);
    await ended;
  })();
  await Promise.race([finished, duplex.closed, ...(detached ? [detached] : [])]);
  duplex.end();
}

async function carryOutput({ request }: ExecRecord, output: AsyncIterable<Uint8Array>, duplex: ByteDuplex): Promise<void> {
  const one = request.Tty || (request.AttachStdout && request.AttachStderr) ? undefined : request.AttachStdout ? 1 : 2;
  const filter = one === undefined ? undefined : new FrameFilter((stream) => stream === one);
  try {
    for await (const bytes of output) for (const piece of filter?.push(bytes) ?? [bytes]) await duplex.write(piece);
  } catch {
    // The client left: the iterator's end discards the rest, the process goes on.
  }
}

/** Settles only when the client detached: the end of its input is not the end of the session. */
async function carryInput(exec: ExecRecord, shim: Shim, duplex: ByteDuplex): Promise<void> {
  // A process that has just ended takes no input, ignoring.
  const stdin = await shim.openStdin().catch(() => undefined);
  if (stdin && (await pumpStdin(duplex, stdin, exec.request.Tty ? exec.detachKeys : undefined)) === "detached") return;
  await new Promise<never>(() => undefined);
}
