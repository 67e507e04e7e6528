import type { EngineContext } from "./context.ts";
import type { LiveRun } from "./live.ts";
import { logChoice, logSettings } from "./log-settings.ts";
import { logPaths } from "./paths.ts";
import type { ContainerRecord } from "./record.ts";

/** Whoever is attached sees all output, whatever the log's limits: its files stay until everybody has read them. */
export interface OutputHold extends AsyncDisposable {
  /** Where this one has come to. */
  passed(place: number): void;
  /** The run has begun, or goes on. */
  keep(run: LiveRun): Promise<void>;
}

/** Undefined for a log that keeps everything anyway. */
export function holdOutput(ctx: EngineContext, record: ContainerRecord): OutputHold | undefined {
  const { id } = record;
  const { maxBytes, maxUnsentFiles, discards } = logSettings(record);
  if (maxBytes === undefined) return undefined;
  // Where no number is given the forwarder removes what both it and those who are attached are done with.
  const keep = discards ? 1 : (maxUnsentFiles ?? Infinity);
  const files = logPaths(ctx.paths, id);
  const hold = { place: 0 };
  let trimmed = 0;
  ctx.logs.hold(id, hold);
  return {
    passed: (place) => {
      hold.place = place;
      const all = ctx.logs.heldFrom(id);
      if (all - trimmed < maxBytes) return;
      trimmed = all;
      ctx.runtime.trimLog(files, all, keep);
    },
    // A run that has just ended keeps nothing any more.
    keep: (run) => run.shim.keepLog(true).catch(() => undefined),
    [Symbol.asyncDispose]: async () => {
      if (ctx.logs.release(id, hold) > 0 || !ctx.containers.get(id)) return;
      const run = ctx.live.get(id);
      if (run) await stopKeeping(ctx, id, run, discards);
      else if (discards) ctx.runtime.clearLog(files);
      if (!discards) ctx.runtime.trimLog(files, Infinity, keep);
    },
  };
}

/** At the end of a run that keeps nothing, what attached clients were given goes too. */
export async function discardOutput(ctx: EngineContext, id: string, run: LiveRun): Promise<void> {
  await run.released;
  if (!ctx.logs.isHeld(id) && ctx.containers.get(id) && !ctx.live.get(id)) ctx.runtime.clearLog(logPaths(ctx.paths, id));
}

async function stopKeeping(ctx: EngineContext, id: string, run: LiveRun, discards: boolean): Promise<void> {
  await run.shim.keepLog(false).catch(() => undefined);
  // Somebody came meanwhile.
  if (ctx.logs.isHeld(id)) return void (await run.shim.keepLog(true).catch(() => undefined));
  if (!discards) return;
  const files = logPaths(ctx.paths, id);
  await run.shim.rotateLog().catch(() => undefined);
  ctx.runtime.trimLog(files, ctx.runtime.logEnd(files), 1);
}

/** Of a container whose log keeps nothing. */
export const discards = (record: Pick<ContainerRecord, "hostConfig">): boolean => logChoice(record).driver === "none";
