import { EngineError } from "../base/mod.ts";
import type { RuntimeContext } from "./context.ts";
import { cgroupOf, StateFolder } from "./state.ts";

/** @throws EngineError Conflict when it does not run, or is paused already */
export async function pauseContainer(ctx: RuntimeContext, id: string): Promise<void> {
  const folder = new StateFolder(ctx.root, id);
  const state = folder.read();
  const status = folder.status(state);
  if (status !== "running" && status !== "created") throw new EngineError("Conflict", `container not running or created: ${status}`);
  await cgroupOf(state).freeze();
  folder.write({ ...state, paused: true });
}

/** @throws EngineError Conflict when it is not paused */
export function resumeContainer(ctx: RuntimeContext, id: string): void {
  const folder = new StateFolder(ctx.root, id);
  const state = folder.read();
  if (!state.paused) throw new EngineError("Conflict", "container not paused");
  cgroupOf(state).thaw();
  folder.write({ ...state, paused: false });
}
