import { EngineError, messageOf, nowNs } from "../base/mod.ts";
import type { EngineContext } from "./context.ts";
import { labelsMatch, onlyKnown } from "./filters.ts";
import type { Filters, PruneResult } from "./options.ts";
import { removeHeld } from "./remove.ts";
import { dockerStatus } from "./state.ts";
import { parsePointInTime } from "./time-text.ts";

/** Removes the containers that do not run. @throws EngineError InvalidParameter for a filter that is none */
export async function pruneContainers(ctx: EngineContext, filters: Filters = {}): Promise<PruneResult> {
  onlyKnown(filters, ["label", "label!", "until"]);
  const until = untilMs(filters);
  const removed: string[] = [];
  let reclaimed = 0;
  for (const { id } of ctx.containers.all()) {
    using _hold = await ctx.locks.acquire(id);
    const record = ctx.containers.get(id);
    if (!record || !["created", "exited", "dead"].includes(dockerStatus(record.state)) || record.state.status === "starting") continue;
    if (Date.parse(record.createdAt) >= until || !labelsMatch(record.config.Labels ?? {}, filters)) continue;
    const size = await ctx.snapshots.usage(id).catch(() => 0);
    try {
      await removeHeld(ctx, id, {});
    } catch (error) {
      ctx.log(`prune: ${messageOf(error)}, ignoring; it can be tried again`);
      continue;
    }
    removed.push(id);
    reclaimed += size;
  }
  ctx.eventLog.emit({ type: "container", action: "prune", id: "", attributes: { reclaimed: String(reclaimed) } });
  return { ContainersDeleted: removed.length > 0 ? removed : null, SpaceReclaimed: reclaimed };
}

/** @throws EngineError InvalidParameter */
export function untilMs(filters: Filters): number {
  const values = filters["until"] ?? [];
  if (values.length > 1) throw new EngineError("InvalidParameter", "more than one until filter specified");
  const [value] = values;
  return value === undefined ? Infinity : Number(parsePointInTime(value, nowNs()) / 1_000_000n);
}
