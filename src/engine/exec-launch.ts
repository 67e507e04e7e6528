import { mkdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { EngineError } from "../base/mod.ts";
import type { ExecStartRequest, ProcessSpec } from "../spec/mod.ts";
import { containerCapabilities } from "./capabilities.ts";
import type { EngineContext } from "./context.ts";
import { emitExecEvent } from "./emit.ts";
import type { ExecRecord } from "./exec-table.ts";
import { linkedEnv } from "./links.ts";
import { execDir, execExitFile, execSocket, runSocket } from "./paths.ts";
import type { Shim } from "./ports.ts";
import type { ContainerRecord } from "./record.ts";
import { rlimitsOf } from "./rlimits.ts";
import { parseSecurityOptions, type SecurityOptions } from "./security-options.ts";
import { processEnv } from "./spec-for/env.ts";
import { capabilitySets, seccompOf } from "./spec-for/spec.ts";
import { StartRefused } from "./start-refused.ts";
import { isRunning } from "./state.ts";
import { userOf } from "./user-cache.ts";
import { withDefaults } from "./with-defaults.ts";

/** What an exec shows whose monitor was killed before it could tell. */
export const UNKNOWN_EXIT = 137;

export interface StartedExec {
  readonly shim: Shim;
  readonly output: AsyncIterable<Uint8Array> | undefined;
  /** Settles when the exit code is recorded. */
  readonly ended: Promise<void>;
  /** Once it has ended. */
  exitCode(): number;
}

/** One more process in a running container. @throws StartRefused, EngineError */
export async function launchExec(ctx: EngineContext, record: ContainerRecord, exec: ExecRecord, request: ExecStartRequest, attach: boolean): Promise<StartedExec> {
  if (!isRunning(record.state)) throw new EngineError("Conflict", `container ${record.id} is not running`);
  if (exec.request.WorkingDir && !exec.request.WorkingDir.startsWith("/")) throw new StartRefused("InvalidParameter", "OCI runtime exec failed: exec failed: Cwd must be an absolute path", 128);
  const security = parseSecurityOptions(withDefaults(record, ctx.defaults).hostConfig.SecurityOpt ?? []);
  const process = processOf(ctx, record, exec, security);
  // --privileged of an exec gives capabilities; the system call filter stays the container's.
  const seccomp = seccompOf(security, record.hostConfig.Privileged ?? false, capabilitiesOf(ctx, record, false), ctx.host);
  const [rows = 0, cols = 0] = request.ConsoleSize ?? exec.request.ConsoleSize ?? [];
  const attachOutput = attach && ((exec.request.AttachStdout ?? false) || (exec.request.AttachStderr ?? false));
  mkdirSync(execDir(ctx.paths, exec.id), { recursive: true, mode: 0o700 });
  await using undo = new AsyncDisposableStack();
  undo.defer(() => rm(execDir(ctx.paths, exec.id), { recursive: true, force: true }));
  const shim = await ctx.runtime.launchExec(exec.id, execSocket(ctx.paths, exec.id), {
    containerPid: record.state.pid,
    containerSocket: runSocket(ctx.paths, record.id),
    process,
    ...(seccomp && { seccomp }),
    cgroup: ctx.live.get(record.id)?.cgroup?.join,
    stdio: { tty: exec.request.Tty ?? false, openStdin: attach && (exec.request.AttachStdin ?? false), rows, cols, attachOutput },
    exitFile: execExitFile(ctx.paths, exec.id),
    ...(exec.ofEngine && { endsWithEngine: true }),
  });
  // The process is let go only when its output has somewhere to go.
  const output = attachOutput ? await shim.openOutput() : undefined;
  const { pid } = await shim.started.catch((error: unknown) => {
    shim.close();
    throw ctx.runtime.startRefusal(error, { kind: "exec", process });
  });
  undo.move();
  return { shim, output, ended: superviseExec(ctx, record, exec, shim, pid), exitCode: () => (exec.state.status === "exited" ? exec.state.exitCode : -1) };
}

/** Watches an exec that runs; resolves when its exit code is recorded. */
export async function superviseExec(ctx: EngineContext, record: ContainerRecord, exec: ExecRecord, shim: Shim, pid: number): Promise<void> {
  exec.state = { status: "running", shim, pid };
  const exitCode = await shim.exited.then((status) => status.exitCode, () => UNKNOWN_EXIT);
  ctx.execs.end(exec, exitCode);
  emitExecEvent(ctx, ctx.containers.get(record.id) ?? record, exec, "exec_die", exitCode);
  shim.close();
}

function processOf(ctx: EngineContext, record: ContainerRecord, { request }: ExecRecord, security: SecurityOptions): ProcessSpec {
  const { config, hostConfig } = record;
  const tty = request.Tty ?? false;
  const user = userOf(ctx, record, request.User || config.User || "");
  const capabilities = capabilitiesOf(ctx, record, request.Privileged ?? false);
  return {
    terminal: tty,
    user: { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids },
    args: request.Cmd ?? [],
    env: processEnv({ hostname: config.Hostname ?? "", tty, linked: linkedEnv(ctx, record), env: [...(config.Env ?? []), ...(request.Env ?? [])], home: user.home }),
    cwd: request.WorkingDir || config.WorkingDir || "/",
    capabilities: capabilitySets(capabilities),
    rlimits: rlimitsOf(hostConfig.Ulimits ?? []),
    noNewPrivileges: security.noNewPrivileges,
    oomScoreAdj: hostConfig.OomScoreAdj ?? 0,
  };
}

function capabilitiesOf(ctx: EngineContext, { hostConfig }: ContainerRecord, privileged: boolean): string[] {
  return containerCapabilities({ add: hostConfig.CapAdd ?? [], drop: hostConfig.CapDrop ?? [], privileged: privileged || (hostConfig.Privileged ?? false) }, ctx.host.kernelCapabilities);
}
