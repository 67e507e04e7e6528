import { attachContainer, inspectContainer, resizeContainer, startContainer, waitContainer, type Client } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { Failure } from "../failure.ts";
import type { Flags } from "../flags.ts";
import { err, out } from "../output.ts";
import { forwardSignals } from "../signals.ts";
import { talk } from "./talk.ts";

export async function run({ flags, args, client }: Invocation): Promise<number> {
  if (flags.bool("attach") || flags.bool("interactive")) {
    if (args.length > 1) throw new Failure("you cannot start and attach multiple containers at once");
    return startAttached(client, flags, args[0] ?? "");
  }
  const failed: string[] = [];
  for (const name of args) {
    try {
      await startContainer(client, name);
      out(`${name}\n`);
    } catch (error) {
      err(`${error instanceof Error ? error.message : String(error)}\n`);
      failed.push(name);
    }
  }
  if (failed.length > 0) throw new Failure(`Error: failed to start containers: ${failed.join(", ")}`);
  return 0;
}

async function startAttached(client: Client, flags: Flags, name: string): Promise<number> {
  const container = await inspectContainer(client, name);
  const id = container.Id ?? "";
  const tty = container.Config?.Tty ?? false;
  const detachKeys = flags.string("detach-keys");
  const stdin = flags.bool("interactive") && (container.Config?.OpenStdin ?? false);
  const stopForwarding = tty ? undefined : forwardSignals(client, id, tty);
  const [{ connection }, { result }] = await Promise.all([
    attachContainer(client, id, { stdin, stdout: true, stderr: true, detachKeys }),
    waitContainer(client, id, container.HostConfig?.AutoRemove ? "removed" : "next-exit"),
  ]);
  const session = talk(connection, { tty, stdin, detachKeys, resize: (rows, columns) => resizeContainer(client, id, rows, columns) });
  try {
    await startContainer(client, id, detachKeys);
    session.started();
    if (await session.finished) return 0;
  } catch (error) {
    session.restore();
    throw error;
  } finally {
    session.restore();
    stopForwarding?.();
  }
  return (await result).StatusCode;
}
