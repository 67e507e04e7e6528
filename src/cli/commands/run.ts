import { attachContainer, joinContainer, startContainer, waitContainer, type WaitCondition } from "../../client/mod.ts";
import type { ContainerCreateRequest } from "../../spec/mod.ts";
import type { Invocation } from "../command.ts";
import { Failure, UsageError } from "../failure.ts";
import type { Flags } from "../flags.ts";
import { createRequest } from "../options/request.ts";
import { out } from "../output.ts";
import { stayJoined } from "../session.ts";
import { forwardSignals } from "../signals.ts";
import { checkImageName, createFromFlags } from "./create-container.ts";
import { frameFailure } from "./exit-code.ts";
import { codeOf, startJoined } from "./start-joined.ts";

export async function run(invocation: Invocation): Promise<number> {
  try {
    return await runContainer(invocation);
  } catch (error) {
    if (error instanceof UsageError || error instanceof Failure) throw error;
    throw frameFailure(error, invocation.path);
  }
}

async function runContainer(invocation: Invocation): Promise<number> {
  const { client, flags, args } = invocation;
  const [image = "", ...command] = args;
  client.warmUp(1);
  const request = createRequest(flags, image, command);
  await checkImageName(image);
  if (flags.bool("detach")) return runDetached(invocation, request);
  if (flags.changed("wait")) throw new Failure("--wait goes with --detach: without it, run ends when the container does", 125);
  if (request.Tty) await prepareTerminal(request);
  const tty = request.Tty ?? false;
  const attached = request.AttachStdin || request.AttachStdout || request.AttachStderr;
  const creating = createFromFlags(invocation, request);
  if (tty || !attached) client.warmUp(2);
  const id = await creating;
  const condition = flags.bool("rm") ? "removed" : "next-exit";
  const joining = attached && !tty ? joinContainer(client, id, streamsOf(request, flags), condition) : undefined;
  const stopForwarding = flags.bool("sig-proxy") ? forwardSignals(client, id, tty) : undefined;
  const joined = await joining;
  const exitCode = joined ? codeOf(await stayJoined(joined, request.AttachStdin ?? false)) : await runInSteps(invocation, request, id, condition);
  stopForwarding?.();
  return exitCode;
}

/** With a terminal, whose size the engine is told once it runs, without streams of ours, or with another engine. */
async function runInSteps({ client, flags }: Invocation, request: ContainerCreateRequest, id: string, condition: WaitCondition): Promise<number> {
  const tty = request.Tty ?? false;
  const attached = request.AttachStdin || request.AttachStdout || request.AttachStderr;
  const [stream, wait] = await Promise.all([attached ? attachContainer(client, id, streamsOf(request, flags)) : undefined, waitContainer(client, id, condition)]);
  if (stream) return await startJoined(client, id, { connection: stream.connection, wait: wait.result, tty, stdin: request.AttachStdin ?? false, detachKeys: flags.string("detach-keys") });
  await startContainer(client, id);
  out(`${id}\n`);
  return 0;
}

async function runDetached(invocation: Invocation, request: ContainerCreateRequest): Promise<number> {
  const { client, flags } = invocation;
  if (flags.changed("attach")) throw new Failure("conflicting options: cannot specify both --attach and --detach");
  const id = await createFromFlags(invocation, { ...request, AttachStdin: false, AttachStdout: false, AttachStderr: false, StdinOnce: false });
  out(`${id}\n`);
  await startContainer(client, id);
  const limitNs = flags.number("wait");
  if (limitNs !== undefined) await (await import("./wait-healthy.ts")).waitHealthy(client, id, limitNs / 1e6);
  return 0;
}

async function prepareTerminal(request: ContainerCreateRequest): Promise<void> {
  const { checkTerminal, stdoutIsTerminal, terminalSize } = await import("../terminal.ts");
  checkTerminal(request.AttachStdin ?? false, true);
  if (!stdoutIsTerminal()) return;
  const { rows, columns } = terminalSize();
  (request.HostConfig ??= {}).ConsoleSize = [rows, columns];
}

const streamsOf = (request: ContainerCreateRequest, flags: Flags) => ({
  stdin: request.AttachStdin ?? false,
  stdout: request.AttachStdout ?? false,
  stderr: request.AttachStderr ?? false,
  detachKeys: flags.string("detach-keys"),
});

