import { attachContainer, inspectContainer, resizeContainer, waitContainer, type Client } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { Failure } from "../failure.ts";
import type { Flags } from "../flags.ts";
import { forwardSignals } from "../signals.ts";
import { checkTerminal, stdoutIsTerminal, terminalSize } from "../terminal.ts";
import { talk } from "./talk.ts";

export async function run({ flags, args, client }: Invocation): Promise<number> {
  return await attachTo(client, args[0] ?? "", flags);
}

/** @param flags no-stdin, sig-proxy, detach-keys. @returns the container's exit code. @throws Failure for one that does not run, and when the user leaves it */
export async function attachTo(client: Client, ref: string, flags: Flags): Promise<number> {
  const container = await inspectContainer(client, ref);
  const id = container.Id ?? "";
  if (!container.State?.Running) throw new Failure("You cannot attach to a stopped container, start it first");
  if (container.State.Paused) throw new Failure("You cannot attach to a paused container, unpause it first");
  if (container.State.Restarting) throw new Failure("You cannot attach to a restarting container, wait until it is running");
  const tty = container.Config?.Tty ?? false;
  const stdin = !flags.bool("no-stdin") && (container.Config?.OpenStdin ?? false);
  checkTerminal(!flags.bool("no-stdin"), tty);
  const detachKeys = flags.string("detach-keys");
  const stopForwarding = flags.bool("sig-proxy") && !tty ? forwardSignals(client, id, tty) : undefined;
  const [{ connection }, { result }] = await Promise.all([attachContainer(client, id, { stdin, stdout: true, stderr: true, detachKeys }), waitContainer(client, id)]);
  const session = talk(connection, { tty, stdin, detachKeys, resize: (rows, columns) => resizeContainer(client, id, rows, columns) });
  try {
    if (tty) await nudge(client, id);
    session.started();
    if (await session.finished) throw new Failure("read escape sequence");
  } finally {
    session.restore();
    stopForwarding?.();
  }
  const { StatusCode, Error: failure } = await result;
  if (failure?.Message) throw new Failure(failure.Message);
  return StatusCode;
}

/** A program redraws its screen when the size changes: so it does for the one who has just come. */
async function nudge(client: Client, id: string): Promise<void> {
  if (!stdoutIsTerminal()) return;
  const { rows, columns } = terminalSize();
  await resizeContainer(client, id, rows + 1, columns + 1).catch(() => undefined); // it may have ended meanwhile
}
