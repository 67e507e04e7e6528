import { createExec, inspectExec, joinExec, resizeExec, startExec, startExecDetached, type Client } from "../../client/mod.ts";
import type { ExecCreateRequest } from "../../spec/mod.ts";
import type { Invocation } from "../command.ts";
import { Failure, UsageError } from "../failure.ts";
import type { Flags } from "../flags.ts";
import { eachValue } from "../parse.ts";
import { parseEnv, readEnvFile } from "../options/key-value.ts";
import { set } from "../options/set.ts";
import { stayJoined } from "../session.ts";
import { talk } from "./talk.ts";

export async function run({ flags, args, client }: Invocation): Promise<number> {
  client.warmUp(1);
  const [container = "", ...command] = args;
  return await execIn(client, container, readRequest(flags, command), { detached: flags.bool("detach"), detachKeys: flags.string("detach-keys") });
}

/** Runs a command in a container; joined with our own streams unless it is detached. @returns its exit code */
export async function execIn(client: Client, container: string, request: ExecCreateRequest, { detached, detachKeys }: { readonly detached: boolean; readonly detachKeys?: string | undefined }): Promise<number> {
  if (!detached && request.Tty) await prepareTerminal(request);
  const joined = detached || request.Tty ? undefined : await joinExec(client, container, request);
  if (joined) return (await stayJoined(joined, request.AttachStdin ?? false)).StatusCode;
  const { Id } = await createExec(client, container, request);
  if (detached) {
    await startExecDetached(client, Id);
    return 0;
  }
  const tty = request.Tty ?? false;
  const { connection } = await startExec(client, Id, { Detach: false, Tty: tty, ...(request.ConsoleSize && { ConsoleSize: request.ConsoleSize }) });
  client.warmUp(1);
  const session = talk(connection, { tty, stdin: request.AttachStdin ?? false, detachKeys, resize: (rows, columns) => resizeExec(client, Id, rows, columns) });
  try {
    session.started();
    if (await session.finished) throw new Failure("read escape sequence");
  } finally {
    session.restore();
  }
  return (await inspectExec(client, Id)).ExitCode ?? 0;
}

/** What is wrong with a file of variables is said without the program's name. */
function readRequest(flags: Flags, command: readonly string[]): ExecCreateRequest {
  try {
    return execRequest(flags, command);
  } catch (error) {
    throw error instanceof UsageError || !(error instanceof Error) ? error : new Failure(error.message);
  }
}

function execRequest(flags: Flags, command: readonly string[]): ExecCreateRequest {
  const attach = !flags.bool("detach");
  const request: ExecCreateRequest = {
    AttachStdin: attach && flags.bool("interactive"),
    AttachStdout: attach,
    AttachStderr: attach,
    Tty: flags.bool("tty"),
    Cmd: [...command],
  };
  set(request, "Env", [...flags.list("env-file").flatMap(readEnvFile), ...eachValue(flags, "env", parseEnv)]);
  set(request, "User", flags.string("user"));
  set(request, "WorkingDir", flags.string("workdir"));
  set(request, "DetachKeys", flags.string("detach-keys"));
  if (flags.bool("privileged")) request.Privileged = true;
  return request;
}

async function prepareTerminal(request: ExecCreateRequest): Promise<void> {
  const { checkTerminal, stdoutIsTerminal, terminalSize } = await import("../terminal.ts");
  checkTerminal(request.AttachStdin ?? false, true);
  if (!stdoutIsTerminal()) return;
  const { rows, columns } = terminalSize();
  request.ConsoleSize = [rows, columns];
}
