import { EngineError, messageOf } from "../base/mod.ts";
import { readPosition } from "../logging/mod.ts";
import type { EngineContext } from "./context.ts";
import { hasEnded } from "./kill-run.ts";
import type { LiveRun } from "./live.ts";
import { clearForwarded } from "./log-forwarding.ts";
import { logChoice, logDriverOf } from "./log-settings.ts";
import { requireReadable } from "./logs.ts";
import { logPaths, logPositionFile } from "./paths.ts";

/** The run whose log has begun a new file; undefined when none writes, or it has just ended. */
async function rotated(ctx: EngineContext, id: string): Promise<LiveRun | undefined> {
  const run = ctx.live.get(id);
  try {
    await run?.shim.rotateLog();
    return run;
  } catch (error) {
    if (!hasEnded(error)) throw new EngineError("Conflict", `the log of container ${id} cannot be cleared while it runs: ${messageOf(error)}`, { cause: error });
    await run?.released;
    return undefined;
  }
}

/**
 * Empties a container's log. Those who follow it go on with what is written from now on. What a remote destination has not
 * taken yet stays until it has, in whole files.
 * @throws EngineError NotFound, NotImplemented when nothing is kept
 */
export async function clearLogs(ctx: EngineContext, ref: string): Promise<void> {
  const { id } = ctx.containers.resolve(ref);
  using _hold = await ctx.locks.acquire(id);
  const record = ctx.containers.resolve(id);
  requireReadable(record);
  const files = logPaths(ctx.paths, id);
  const run = await rotated(ctx, id);
  const end = ctx.runtime.logEnd(files);
  const driver = logDriverOf(record);
  const unsent = driver?.open && !driver.local ? (readPosition(logPositionFile(ctx.paths, id))?.place ?? 0) : end;
  if (run || unsent < end) ctx.runtime.trimLog(files, Math.min(end, unsent), 1);
  else ctx.runtime.clearLog(files);
  if (logChoice(record).driver === "json-file") await clearForwarded(ctx, record, ctx.runtime.logStart(files));
}
