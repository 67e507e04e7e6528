import { EngineError, messageOf } from "../base/mod.ts";
import { parseContainerName } from "./container-name.ts";
import type { EngineContext } from "./context.ts";
import { emitContainerEvent } from "./emit.ts";
import { announceNames } from "./names.ts";

/** @throws EngineError NotFound, InvalidParameter, Conflict */
export async function renameContainer(ctx: EngineContext, ref: string, name: string): Promise<void> {
  if (ref === "" || name === "") throw new EngineError("InvalidParameter", "Neither old nor new names may be empty");
  const { id } = ctx.containers.resolve(ref);
  using _hold = await ctx.locks.acquire(id);
  const record = ctx.containers.resolve(id);
  const bare = name.startsWith("/") ? name.slice(1) : name;
  if (bare === record.name) throw new EngineError("InvalidParameter", "Renaming a container with the same name as its current name");
  using _reservation = allocate(ctx, bare, id);
  const renamed = ctx.containers.rename(id, bare);
  announceNames(ctx, renamed);
  emitContainerEvent(ctx, renamed, "rename", { oldName: `/${record.name}` });
  await ctx.containers.synced();
}

function allocate(ctx: EngineContext, name: string, id: string): Disposable {
  try {
    return ctx.containers.reserveName(parseContainerName(name, `/${name}`), id);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw new EngineError(error.kind, `Error when allocating new name: ${messageOf(error)}`);
  }
}
