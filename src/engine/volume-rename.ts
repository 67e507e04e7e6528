import { existsSync, renameSync } from "node:fs";
import { dirname } from "node:path";
import { EngineError } from "../base/mod.ts";
import { isLocal } from "../volume/mod.ts";
import type { EngineContext } from "./context.ts";
import { parseVolumeName } from "./create/mount-path.ts";
import { volumeData } from "./paths.ts";
import { driverOf } from "./store/volumes.ts";
import { findVolume } from "./volumes.ts";

/** Another name for a volume that no container has. @throws EngineError NotFound, InvalidParameter, Conflict */
export async function renameVolume(ctx: EngineContext, ref: string, newName: string): Promise<void> {
  const record = await findVolume(ctx, ref);
  const { name } = record;
  parseVolumeName(newName);
  if (newName === name) throw new EngineError("InvalidParameter", "renaming a volume with the same name as its current name");
  if (!isLocal(driverOf(record))) throw new EngineError("InvalidParameter", `rename ${name}: the driver ${driverOf(record)} keeps its own names`);
  // In one order, so that two that exchange names do not wait for each other.
  const [first = "", second = ""] = [name, newName].sort();
  using _first = await ctx.locks.acquire(`volume ${first}`);
  using _second = await ctx.locks.acquire(`volume ${second}`);
  if (!ctx.volumes.get(name)) throw new EngineError("NotFound", `get ${name}: no such volume`);
  if (ctx.volumes.get(newName)) throw new EngineError("Conflict", `rename ${name}: volume ${newName} is already there`);
  const users = ctx.volumes.users(name);
  if (users.length > 0) throw new EngineError("Conflict", `rename ${name}: volume is in use - [${users.join(", ")}]`);
  ctx.volumes.rename(name, newName);
  settle(ctx, name, newName);
  ctx.eventLog.emit({ type: "volume", action: "rename", id: newName, attributes: { driver: "local", oldName: name } });
}

/** At start: folders that a crash has kept from their new names. */
export function finishRenames(ctx: EngineContext): void {
  for (const { name, movedFrom } of ctx.volumes.all()) if (movedFrom !== undefined) settle(ctx, movedFrom, name);
}

function settle(ctx: EngineContext, oldName: string, newName: string): void {
  const [from, to] = [oldName, newName].map((name) => dirname(volumeData(ctx.paths, name)));
  if (from !== undefined && to !== undefined && existsSync(from) && !existsSync(to)) renameSync(from, to);
  ctx.volumes.settle(newName);
}
