import type { EngineContext } from "./context.ts";
import type { LiveRun } from "./live.ts";
import { logChoice } from "./log-settings.ts";
import { logPaths } from "./paths.ts";
import type { ContainerRecord } from "./record.ts";

/** Files that everybody has read go when so much more was read. */
const TRIM_BYTES = 4 * 1024 * 1024;

/** Output that nobody asked to keep is kept for this one, as long as it is held. */
export interface OutputHold extends AsyncDisposable {
  /** Where this one has come to. */
  passed(place: number): void;
  /** The run has begun, or goes on: from now on its output is kept. */
  keep(run: LiveRun): Promise<void>;
}

/** Undefined for a log that keeps everything anyway. */
export function holdOutput(ctx: EngineContext, record: ContainerRecord): OutputHold | undefined {
  const { id } = record;
  if (logChoice(record).driver !== "none") return undefined;
  const files = logPaths(ctx.paths, id);
  const hold = { place: 0 };
  let trimmed = 0;
  ctx.logs.hold(id, hold);
  return {
    passed: (place) => {
      hold.place = place;
      const all = Math.min(...ctx.logs.holds(id).map((each) => each.place));
      if (all - trimmed < TRIM_BYTES) return;
      trimmed = all;
      ctx.runtime.trimLog(files, all, 1);
    },
    // A run that has just ended keeps nothing any more.
    keep: (run) => run.shim.keepLog(true).catch(() => undefined),
    [Symbol.asyncDispose]: async () => {
      if (ctx.logs.release(id, hold) > 0) return;
      const run = ctx.live.get(id);
      if (run) await stopKeeping(ctx, id, run);
      else clearIfThere(ctx, id);
    },
  };
}

/** Of a run that keeps nothing: at its end what attached clients were given goes too. */
export async function discardOutput(ctx: EngineContext, id: string, run: LiveRun): Promise<void> {
  await run.released;
  if (ctx.logs.holds(id).length === 0) clearIfThere(ctx, id);
}

async function stopKeeping(ctx: EngineContext, id: string, run: LiveRun): Promise<void> {
  const files = logPaths(ctx.paths, id);
  await run.shim.keepLog(false).catch(() => undefined);
  if (ctx.logs.holds(id).length > 0) return void (await run.shim.keepLog(true).catch(() => undefined));
  await run.shim.rotateLog().catch(() => undefined);
  ctx.runtime.trimLog(files, ctx.runtime.logEnd(files), 1);
}

/** Not of a container that is gone, or runs again. */
function clearIfThere(ctx: EngineContext, id: string): void {
  if (ctx.containers.get(id) && !ctx.live.get(id)) ctx.runtime.clearLog(logPaths(ctx.paths, id));
}
