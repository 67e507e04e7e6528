import { randomBytes } from "node:crypto";
import type { DrivenVolume, VolumePlace } from "../volume/mod.ts";
import type { EngineContext } from "./context.ts";
import { volumeData } from "./paths.ts";
import type { ContainerMount, ContainerRecord } from "./record.ts";
import { driverOf, type VolumeRecord } from "./store/volumes.ts";

export const drivenVolume = (record: VolumeRecord): DrivenVolume => ({ name: record.name, driver: driverOf(record), options: record.options ?? {} });

/** The volumes that somebody must mount, each once; most are folders that are there. */
function toMount(ctx: EngineContext, mounts: readonly ContainerMount[]): DrivenVolume[] {
  const names = new Set(mounts.filter(({ type }) => type === "volume").map(({ source }) => source));
  return [...names].flatMap((name) => {
    const record = ctx.volumes.get(name);
    const volume = record && drivenVolume(record);
    return volume && !ctx.volumeDrivers.isFolder(volume) ? [volume] : [];
  });
}

/** Before a run. @throws EngineError in Docker's words */
export async function mountVolumes(ctx: EngineContext, { id, mounts }: ContainerRecord, undo: AsyncDisposableStack): Promise<void> {
  const volumes = toMount(ctx, mounts);
  if (volumes.length === 0) return;
  await ctx.volumeDrivers.uses.hold(id, volumes);
  undo.defer(() => ctx.volumeDrivers.uses.release(id));
}

/** For work on files outside of a run. */
export async function holdVolumes(ctx: EngineContext, mounts: readonly ContainerMount[]): Promise<Disposable & { readonly use: string }> {
  const volumes = toMount(ctx, mounts);
  const use = volumes.length === 0 ? "" : randomBytes(32).toString("hex");
  if (volumes.length > 0) await ctx.volumeDrivers.uses.hold(use, volumes);
  return { use, [Symbol.dispose]: () => void ctx.volumeDrivers.uses.release(use) };
}

/** The files behind a bind or volume mount, of a use that has them. */
export function placeOf(ctx: EngineContext, use: string, { type, source }: ContainerMount): VolumePlace {
  if (type !== "volume") return { path: source, options: [] };
  return ctx.volumeDrivers.uses.place(use, source) ?? { path: volumeData(ctx.paths, source), options: [] };
}

/** What a container shows as a volume's source; "" for one that its driver keeps elsewhere while it does not run. */
export function shownPlace(ctx: EngineContext, containerId: string, name: string): string {
  const record = ctx.volumes.get(name);
  if (!record) return volumeData(ctx.paths, name);
  if (driverOf(record) === "local") return ctx.volumeDrivers.local.placeOf(drivenVolume(record));
  return ctx.volumeDrivers.uses.place(containerId, name)?.path ?? "";
}

export function emitMountEvents(ctx: EngineContext, { id, mounts }: ContainerRecord, action: "mount" | "unmount"): void {
  for (const { type, source, destination, propagation, readOnly } of mounts) {
    if (type !== "volume") continue;
    const more = action === "mount" ? { destination, propagation, "read/write": String(!readOnly) } : {};
    ctx.eventLog.emit({ type: "volume", action, id: source, attributes: { container: id, driver: driverOf(ctx.volumes.get(source) ?? {}), ...more } });
  }
}
