import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import type { ExecCreateRequest } from "../spec/mod.ts";
import type { EngineContext } from "./context.ts";
import { superviseExec, UNKNOWN_EXIT } from "./exec-launch.ts";
import type { ExecRecord } from "./exec-table.ts";
import { execDir, execExitFile, execRequestFile, execsDir, execSocket } from "./paths.ts";
import type { ExitStatus, Shim } from "./ports.ts";
import { isRunning } from "./state.ts";

/** For all execs together; a monitor answers in well under a millisecond. */
const SHIM_PATIENCE_MS = 3000;

/** So that the next engine knows the exec by its id. Root's alone: the environment may hold secrets. */
export function keepExec(ctx: EngineContext, { id, containerId, request, detachKeys }: ExecRecord): void {
  mkdirSync(execDir(ctx.paths, id), { mode: 0o700 });
  writeFileSync(execRequestFile(ctx.paths, id), JSON.stringify({ containerId, request, detachKeys: [...detachKeys] }), { mode: 0o600 });
}

export function dropExecFiles(ctx: EngineContext, id: string): void {
  // What stays is swept at the next start, ignoring.
  rm(execDir(ctx.paths, id), { recursive: true, force: true }).catch(() => undefined);
}

/** The execs of the engine before: those that run are watched again, of those that ended the code is known. The rest is swept by the caller. */
export async function recoverExecs(ctx: EngineContext): Promise<void> {
  const ids = (await readdir(execsDir(ctx.paths)).catch(() => [])).filter((name) => /^[0-9a-f]{64}$/.test(name));
  const recovering = ids.map(async (id) => {
    const kept = readKept(ctx, id);
    if (kept && ctx.containers.get(kept.containerId)) await recoverExec(ctx, { id, ...kept, state: { status: "created" } });
  });
  // A monitor that is stopped or starved must not keep the engine from starting: its exec is taken up when it answers.
  await Promise.race([Promise.allSettled(recovering), Bun.sleep(SHIM_PATIENCE_MS)]);
}

async function recoverExec(ctx: EngineContext, exec: ExecRecord): Promise<void> {
  ctx.execs.add(exec);
  const record = ctx.containers.get(exec.containerId);
  const wasStarted = existsSync(execSocket(ctx.paths, exec.id));
  const ended = (): ExitStatus | undefined => ctx.runtime.readExitFile(execExitFile(ctx.paths, exec.id));
  const shim = wasStarted && !ended() && record && isRunning(record.state) ? await ctx.runtime.connectShim(execSocket(ctx.paths, exec.id), execExitFile(ctx.paths, exec.id)) : undefined;
  if (shim) await letGo(shim);
  const started = await shim?.started.catch(() => undefined);
  if (shim && started && record) return void superviseExec(ctx, record, exec, shim, started.pid);
  shim?.close();
  const status = ended();
  if (status) ctx.execs.end(exec, status.exitCode);
  else if (wasStarted) ctx.execs.end(exec, UNKNOWN_EXIT);
}

/** A process whose output is attached waits for somebody to take it; whoever asked went with the engine, and so does the output. */
async function letGo(shim: Shim): Promise<void> {
  await (await shim.openOutput())[Symbol.asyncIterator]().return?.();
}

function readKept(ctx: EngineContext, id: string): Pick<ExecRecord, "containerId" | "request" | "detachKeys"> | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(execRequestFile(ctx.paths, id), "utf8"));
    if (typeof value !== "object" || value === null) return undefined;
    const { containerId, request, detachKeys } = value as Record<string, unknown>;
    if (typeof containerId !== "string" || typeof request !== "object" || request === null || !Array.isArray(detachKeys)) return undefined;
    return { containerId, request: request as ExecCreateRequest, detachKeys: Uint8Array.from(detachKeys) };
  } catch {
    // Of a probe, or cut short by a crash.
    return undefined;
  }
}
