import { EngineError, firstFailure } from "../base/mod.ts";
import type { EngineContext } from "./context.ts";
import { parseDetachKeys } from "./detach-keys.ts";
import { emitEndpointEvent } from "./emit.ts";
import { launch } from "./launch.ts";
import type { StartOptions } from "./options.ts";
import type { ContainerRecord } from "./record.ts";
import { removeHeld } from "./remove.ts";
import { StartRefused } from "./start-refused.ts";
import { isRunning, type RestState, type StartFailure } from "./state.ts";

/** @throws EngineError NotFound, Conflict, or why the process could not be started, in Docker's words */
export async function startContainer(ctx: EngineContext, ref: string, options: StartOptions = {}): Promise<"started" | "alreadyStarted"> {
  parseDetachKeys(options.detachKeys);
  const { id } = ctx.containers.resolve(ref);
  using _hold = await ctx.locks.acquire(id);
  const record = ctx.containers.resolve(id);
  if (isRunning(record.state)) {
    if (record.state.paused) throw new EngineError("Conflict", "cannot start a paused container, try unpause instead");
    return "alreadyStarted";
  }
  // Docker counts it as running: it will be started.
  if (record.state.status === "restarting") return "alreadyStarted";
  if (record.state.status === "removing") throw new EngineError("Conflict", "container is marked for removal and cannot be started");
  ctx.live.forget(id);
  await startHeld(ctx, record, "person");
  return "started";
}

/** Starts a container that is at rest or due to restart; its lock is held. A failed start of an --rm container removes it. A person's start counts restarts anew. */
export async function startHeld(ctx: EngineContext, record: ContainerRecord, by: "person" | "policy"): Promise<void> {
  const { id } = record;
  // The last run's cgroup and endpoint have the same names.
  await ctx.live.get(id)?.released;
  const from = restBelow(record);
  ctx.containers.setState(id, { status: "starting", from, ...(by === "policy" && { again: true }) }, by === "person" ? { restartCount: 0 } : {});
  try {
    await launch(ctx, record);
  } catch (thrown) {
    const error = firstFailure(thrown);
    emitEndpointEvent(ctx, record, "disconnect");
    const failure = failureOf(error);
    ctx.containers.setState(id, from.status === "exited" ? { ...from, failure } : { status: "created", failure });
    if (record.hostConfig.AutoRemove) await removeHeld(ctx, id, { removeVolumes: true });
    throw error;
  }
}

function restBelow({ state }: ContainerRecord): RestState {
  switch (state.status) {
    case "created":
    case "exited":
      return withoutFailure(state);
    case "starting":
      return withoutFailure(state.from);
    case "restarting":
      return state.last;
    default:
      throw new EngineError("Conflict", `a container that is ${state.status} cannot be started`);
  }
}

function withoutFailure(state: RestState): RestState {
  const { failure: _failure, ...rest } = state;
  return rest;
}

function failureOf(error: unknown): StartFailure {
  const message = error instanceof Error ? error.message : String(error);
  return { message, exitCode: error instanceof StartRefused ? error.exitCode : 128 };
}
