import { EngineError, messageOf } from "../base/mod.ts";
import { releaseImages } from "./image-mounts.ts";
import type { EngineContext } from "./context.ts";
import { emitContainerEvent } from "./emit.ts";
import { killAndWait } from "./kill-run.ts";
import { finishForwarding } from "./log-forwarding.ts";
import type { RemoveOptions } from "./options.ts";
import { containerDir } from "./paths.ts";
import { shortId, type ContainerRecord } from "./record.ts";
import { removeRunDir } from "./run-files.ts";
import { dockerStatus, isRunning, restOf, type RestState } from "./state.ts";
import { releaseVolumes } from "./volume-claims.ts";

/** @throws EngineError NotFound, Conflict while it runs and `force` is not given */
export async function removeContainer(ctx: EngineContext, ref: string, options: RemoveOptions = {}): Promise<void> {
  const { id, name } = ctx.containers.resolve(ref);
  if (options.link) throw new EngineError("Conflict", "Conflict, cannot remove the default link name of the container");
  const before = ctx.containers.get(id);
  if (before?.state.status === "removing" && !before.state.failed) throw new EngineError("Conflict", `removal of container ${ref} is already in progress`);
  if (options.force && ctx.live.get(id)?.stopping) await killAndWait(ctx, id);
  using _hold = await ctx.locks.acquire(id);
  const record = ctx.containers.get(id);
  // Whoever held the lock removed it: what was asked for is so.
  if (!record) return;
  if (isRunning(record.state) || record.state.status === "restarting") {
    if (!options.force) throw new EngineError("Conflict", refusal(record, ref === id ? name : ref));
    await stopForRemoval(ctx, record);
  }
  await removeHeld(ctx, id, options);
}

function refusal(record: ContainerRecord, ref: string): string {
  const status = dockerStatus(record.state);
  const reason = status === "paused" ? "paused and must be unpaused first" : `${status === "restarting" ? "restarting" : "running"}: stop the container before removing or force remove`;
  return `cannot remove container ${JSON.stringify(ref)}: container is ${reason}`;
}

async function stopForRemoval(ctx: EngineContext, record: ContainerRecord): Promise<void> {
  ctx.live.forget(record.id);
  if (record.state.status === "restarting") ctx.containers.setState(record.id, record.state.last);
  else await killAndWait(ctx, record.id);
}

/**
 * Removes a container at rest; its lock is held. The intent is stored first: a removal that a crash cuts short is
 * finished at the next start.
 */
export async function removeHeld(ctx: EngineContext, id: string, options: Pick<RemoveOptions, "removeVolumes">): Promise<void> {
  const record = ctx.containers.get(id);
  if (!record) return;
  await ctx.live.get(id)?.released;
  ctx.live.forget(id);
  ctx.containers.setState(id, { status: "removing", last: lastRest(record) });
  const failures = await finishForwarding(ctx, record).then(
    () => removeRemains(ctx, record, options.removeVolumes ?? false),
    (error: unknown) => [messageOf(error)],
  );
  if (failures.length === 0) return forget(ctx, record);
  ctx.containers.setState(id, { status: "removing", last: lastRest(record), failed: true });
  throw new EngineError("System", `unable to remove container ${shortId(id)}: ${failures.join("; ")}`);
}

function forget(ctx: EngineContext, record: ContainerRecord): void {
  ctx.containers.delete(record.id);
  ctx.images.noteUse(record.imageID);
  ctx.execs.dropContainer(record.id);
  emitContainerEvent(ctx, record, "destroy");
}

async function removeRemains(ctx: EngineContext, record: ContainerRecord, removeVolumes: boolean): Promise<string[]> {
  const results = await Promise.allSettled([
    ctx.snapshots.remove(record.id),
    releaseImages(ctx, record),
    (async () => ctx.snapshots.discard(containerDir(ctx.paths, record.id)))(),
    (async () => removeRunDir(ctx, record.id))(),
    releaseVolumes(ctx, record, removeVolumes),
  ]);
  return results.flatMap((result) => (result.status === "rejected" ? [messageOf(result.reason)] : []));
}

function lastRest({ state }: ContainerRecord): RestState {
  const rest = restOf(state);
  if (!rest) throw new EngineError("Conflict", "container is running: stop the container before removing or force remove");
  return rest;
}
