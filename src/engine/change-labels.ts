import { EngineError } from "../base/mod.ts";
import type { EngineContext } from "./context.ts";
import { emitContainerEvent } from "./emit.ts";
import type { LabelChange } from "./options.ts";

/**
 * Sets and takes away labels of a container that is there, running or not. What has none of that name is done.
 * @returns the labels it then has
 * @throws EngineError NotFound, InvalidParameter, Conflict while it is being removed
 */
export async function changeLabels(ctx: EngineContext, ref: string, { Add: add = {}, Remove: remove = [] }: LabelChange): Promise<{ Labels: Record<string, string> }> {
  if (Object.hasOwn(add, "")) throw new EngineError("InvalidParameter", "a label must have a name");
  const both = remove.find((name) => Object.hasOwn(add, name));
  if (both !== undefined) throw new EngineError("InvalidParameter", `the label ${JSON.stringify(both.slice(0, 128))} cannot be both added and removed`);
  const { id } = ctx.containers.resolve(ref);
  using _hold = await ctx.locks.acquire(id);
  const { config, state } = ctx.containers.resolve(id);
  if (state.status === "removing") throw new EngineError("Conflict", `Cannot update container ${id}: container is marked for removal and cannot be "update"`);
  const gone = new Set(remove);
  // fromEntries defines its keys, so that `__proto__` is a label like any other.
  const labels = Object.fromEntries([...Object.entries(config.Labels ?? {}).filter(([name]) => !gone.has(name) && !Object.hasOwn(add, name)), ...Object.entries(add)]);
  emitContainerEvent(ctx, ctx.containers.setFacts(id, { config: { ...config, Labels: labels } }), "update");
  await ctx.containers.synced();
  return { Labels: labels };
}
