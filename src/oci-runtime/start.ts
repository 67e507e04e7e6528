import { unlinkSync } from "node:fs";
import { EngineError, messageOf } from "../base/mod.ts";
import { reachGate, runHook } from "../runtime/mod.ts";
import type { RuntimeContext } from "./context.ts";
import { readConfig } from "./config.ts";
import { startErrorText } from "./start-error-text.ts";
import { StateFolder, stateShape } from "./state.ts";

/** `start` (runtime.md#start): lets the process go. @throws EngineError when its program cannot be executed */
export async function startContainer(ctx: RuntimeContext, id: string): Promise<void> {
  const folder = new StateFolder(ctx.root, id);
  const state = folder.read();
  const status = folder.status(state);
  if (status === "stopped") throw new EngineError("Conflict", "cannot start a container that has stopped");
  if (status !== "created") throw new EngineError("Conflict", status === "creating" ? "cannot start a container that is being created" : "cannot start an already running container");
  const { spec, hooks } = readConfig(folder.config, state.bundle);
  const gate = await reachGate(folder.startSocket);
  unlinkSync(folder.startSocket);
  try {
    await gate.open();
  } catch (error) {
    throw new EngineError("System", startErrorText(error, spec));
  }
  // runtime.md#lifecycle: a failing poststart hook is told of, and the container goes on.
  for (const hook of hooks.poststart) await runHook({ ...hook, state: JSON.stringify(stateShape(folder, state, "running")) }, state.bundle).catch((error: unknown) => ctx.warn(messageOf(error)));
}
