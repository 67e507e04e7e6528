import { randomBytes } from "node:crypto";
import { EngineError, messageOf } from "../base/mod.ts";
import type { ExecCreateRequest, ExecInspect, ExecStartRequest } from "../spec/mod.ts";
import type { EngineContext } from "./context.ts";
import { parseDetachKeys } from "./detach-keys.ts";
import { emitExecEvent } from "./emit.ts";
import { keepExec } from "./exec-files.ts";
import { launchExec } from "./exec-launch.ts";
import { serveExec } from "./exec-session.ts";
import type { ExecRecord } from "./exec-table.ts";
import { stdoutFrame } from "./frame-filter.ts";
import type { StreamSession } from "./hijack.ts";
import type { ContainerRecord } from "./record.ts";
import { terminalSize } from "./resize.ts";
import { StartRefused } from "./start-refused.ts";
import { isRunning } from "./state.ts";
import { userOf } from "./user-cache.ts";

/** @throws EngineError NotFound, Conflict (not running, paused), InvalidParameter */
export async function createExec(ctx: EngineContext, ref: string, request: ExecCreateRequest): Promise<{ Id: string }> {
  const record = ctx.containers.resolve(ref);
  if (!request.Cmd?.length) throw new EngineError("InvalidParameter", "No exec command specified");
  const detachKeys = parseDetachKeys(request.DetachKeys, "escape");
  requireRunning(record, ref);
  if (request.User) userOf(ctx, record, request.User);
  const exec: ExecRecord = { id: randomBytes(32).toString("hex"), containerId: record.id, request, detachKeys, state: { status: "created" } };
  keepExec(ctx, exec);
  ctx.execs.add(exec);
  emitExecEvent(ctx, record, exec, "exec_create");
  return { Id: exec.id };
}

/**
 * Detached: undefined once the process runs. Attached: a session that starts the process when the client is there; why it
 * could not be started is then written to the client, as in Docker.
 */
export async function startExec(ctx: EngineContext, execId: string, request: ExecStartRequest): Promise<StreamSession | undefined> {
  const exec = find(ctx, execId);
  if (exec.state.status === "running" || (exec.state.status === "created" && exec.starting)) throw new EngineError("Conflict", `exec command ${execId} is already running`);
  if (exec.state.status === "exited") throw new EngineError("Conflict", `exec command ${execId} has already run`);
  const record = ctx.containers.resolve(exec.containerId);
  requireRunning(record, record.name);
  const tty = exec.request.Tty ?? false;
  // A user that is not there is an answer of its own, not the output of the session.
  if (exec.request.User) userOf(ctx, record, exec.request.User);
  if (!request.Detach) return { tty, run: (duplex) => attached(ctx, record, exec, request, tty, duplex) };
  await begin(ctx, record, exec, request, false);
  return undefined;
}

async function attached(ctx: EngineContext, record: ContainerRecord, exec: ExecRecord, request: ExecStartRequest, tty: boolean, duplex: Parameters<StreamSession["run"]>[0]): Promise<void> {
  try {
    const { shim, output, ended } = await begin(ctx, record, exec, request, true);
    await serveExec(exec, shim, output, ended, duplex);
  } catch (error) {
    const text = `${messageOf(error)}\r\n`;
    await duplex.write(tty ? Buffer.from(text) : stdoutFrame(text)).catch(() => undefined);
    duplex.end();
  }
}

async function begin(ctx: EngineContext, record: ContainerRecord, exec: ExecRecord, request: ExecStartRequest, attach: boolean): ReturnType<typeof launchExec> {
  emitExecEvent(ctx, record, exec, "exec_start");
  const launching = launchExec(ctx, record, exec, request, attach);
  exec.starting = launching.then(() => undefined, () => undefined);
  try {
    return await launching;
  } catch (error) {
    ctx.execs.end(exec, error instanceof StartRefused ? error.exitCode : 126);
    throw error;
  }
}

/** @throws EngineError NotFound */
export async function inspectExec(ctx: EngineContext, execId: string): Promise<ExecInspect> {
  const { id, containerId, request, state } = find(ctx, execId);
  const [entrypoint = "", ...args] = request.Cmd ?? [];
  const shape: Record<string, unknown> = {
    ID: id,
    Running: state.status === "running",
    ExitCode: state.status === "exited" ? state.exitCode : null,
    ProcessConfig: { tty: request.Tty ?? false, entrypoint, arguments: args, privileged: request.Privileged ?? false, ...(request.User && { user: request.User }) },
    OpenStdin: request.AttachStdin ?? false,
    OpenStderr: request.AttachStderr ?? false,
    OpenStdout: request.AttachStdout ?? false,
    CanRemove: false,
    ContainerID: containerId,
    DetachKeys: request.DetachKeys ?? "",
    // Docker goes on showing the number of a process that has ended.
    Pid: state.status === "created" ? 0 : state.pid,
  };
  // An exit code that is not yet is null on the wire, which the generated types do not say.
  return shape as ExecInspect;
}

/** @throws EngineError NotFound, Conflict when it does not run */
export async function resizeExec(ctx: EngineContext, execId: string, height: number, width: number): Promise<void> {
  const exec = find(ctx, execId);
  const { rows, cols } = terminalSize(height, width);
  // A client that has its stream may ask before the process is there.
  await exec.starting;
  if (exec.state.status !== "running") throw new EngineError("Conflict", `exec process ${execId} is not running`);
  if (exec.request.Tty) await exec.state.shim.resize(rows, cols);
}

function find(ctx: EngineContext, execId: string): ExecRecord {
  const exec = ctx.execs.get(execId);
  if (!exec) throw new EngineError("NotFound", `No such exec instance: ${execId.slice(0, 128)}`);
  return exec;
}

function requireRunning(record: ContainerRecord, ref: string): void {
  if (record.state.status === "restarting") throw new EngineError("Conflict", `Container ${record.id} is restarting, wait until the container is running`);
  if (!isRunning(record.state)) throw new EngineError("Conflict", `container ${record.id} is not running`);
  if (record.state.paused) throw new EngineError("Conflict", `Container ${ref} is paused, unpause the container before exec`);
}
