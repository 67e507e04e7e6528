import { EngineError, messageOf } from "../base/mod.ts";
import { kill } from "../linux/mod.ts";
import { runHook } from "../runtime/mod.ts";
import type { RuntimeContext } from "./context.ts";
import { readConfig } from "./config.ts";
import { cgroupOf, StateFolder, stateShape, type ContainerState } from "./state.ts";

const SIGKILL = 9;
const DYING_MS = 10_000;
const LOOK_MS = 5;

/** `delete` (runtime.md#delete); one that only waits for `start` is ended, as runc does it. */
export async function deleteContainer(ctx: RuntimeContext, id: string, force: boolean): Promise<void> {
  const folder = new StateFolder(ctx.root, id);
  if (force && !folder.exists()) return;
  const state = readState(folder, force);
  if (state) await endAndRelease(ctx, folder, state, force);
  folder.remove();
}

/** A creation that was cut short before it wrote anything has nothing but its folder. */
function readState(folder: StateFolder, force: boolean): ContainerState | undefined {
  try {
    return folder.read();
  } catch (error) {
    if (force) return undefined;
    throw error;
  }
}

async function endAndRelease(ctx: RuntimeContext, folder: StateFolder, state: ContainerState, force: boolean): Promise<void> {
  const status = folder.status(state);
  if (!force && status !== "stopped" && status !== "created") throw new EngineError("Conflict", `cannot delete container ${state.id} that is not stopped: ${status}`);
  const cgroup = cgroupOf(state);
  if (status !== "stopped" && state.pid > 0) kill(state.pid, SIGKILL);
  // Also what the first process has left behind in a namespace that is not its own.
  if (cgroup.pids().length > 0) cgroup.killAll();
  await untilStopped(folder, state);
  await cgroup.remove();
  const { hooks } = readConfig(folder.config, state.bundle);
  for (const hook of hooks.poststop) await runHook({ ...hook, state: JSON.stringify(stateShape(folder, state, "stopped")) }, state.bundle).catch((error: unknown) => ctx.warn(messageOf(error)));
}

async function untilStopped(folder: StateFolder, state: ContainerState): Promise<void> {
  for (const deadline = Date.now() + DYING_MS; state.pid > 0 && folder.status(state) !== "stopped"; await Bun.sleep(LOOK_MS)) {
    if (Date.now() > deadline) throw new EngineError("System", `container ${state.id} does not end`);
  }
}
