import { messageOf } from "../base/mod.ts";
import type { EngineContext } from "./context.ts";
import type { AfterExit } from "./exit.ts";
import { removeHeld } from "./remove.ts";
import { startHeld } from "./start.ts";

/** What the end of a run leads to. Not awaited by those who only wait for the end: `openEngine` hands it to them as `ctx.afterExit`. */
export function followUp(ctx: EngineContext, id: string, next: AfterExit): void {
  switch (next.kind) {
    case "rest":
      return;
    case "remove":
      return void autoRemove(ctx, id).catch((error: unknown) => ctx.log(`container ${id} could not be removed: ${messageOf(error)}`));
    case "restart":
      return ctx.live.scheduleRestart(id, next.ranForMs, () => void restartNow(ctx, id).catch((error: unknown) => ctx.log(`container ${id} could not be restarted: ${messageOf(error)}`)));
    default:
      next satisfies never;
  }
}

/** Whoever is attached and has not read everything yet would lose the log's files. */
async function autoRemove(ctx: EngineContext, id: string): Promise<void> {
  await ctx.logs.unheld(id);
  using _hold = await ctx.locks.acquire(id);
  const record = ctx.containers.get(id);
  if (record?.state.status === "exited") await removeHeld(ctx, id, { removeVolumes: true });
}

async function restartNow(ctx: EngineContext, id: string): Promise<void> {
  using _hold = await ctx.locks.acquire(id);
  const record = ctx.containers.get(id);
  if (record?.state.status === "restarting") await startHeld(ctx, record, "policy");
}
