import { existsSync } from "node:fs";
import { EngineError, formatInstant, messageOf, nowNs } from "../base/mod.ts";
import { isLocal, PluginDriver, type VolumeDriver } from "../volume/mod.ts";
import type { EngineContext } from "./context.ts";
import type { ContainerMount, ContainerRecord } from "./record.ts";
import { driverOf, type VolumeRecord } from "./store/volumes.ts";
import { fillFromImage } from "./volume-content.ts";
import { drivenVolume } from "./volume-mounts.ts";

const ANONYMOUS_LABEL = "com.docker.volume.anonymous";

export interface NewVolume {
  readonly name: string;
  readonly labels: Record<string, string> | null;
  readonly anonymous: boolean;
  /** "": whoever has one of that name, else `local`. */
  readonly driver: string;
  readonly options: Readonly<Record<string, string>>;
}

/** Finds or makes a volume. @throws EngineError in Docker's words: NotFound for the driver, Conflict when another has one of that name, InvalidParameter for options */
export async function ensureVolume(ctx: EngineContext, wanted: NewVolume): Promise<VolumeRecord> {
  const { name, driver } = wanted;
  using _hold = await ctx.locks.acquire(`volume ${name}`);
  try {
    const existing = await existingVolume(ctx, name, driver);
    return existing ?? (await makeVolume(ctx, wanted, await ctx.volumeDrivers.get(driver)));
  } catch (error) {
    throw error instanceof EngineError ? new EngineError(error.kind, `create ${name}: ${error.message}`, { cause: error }) : error;
  }
}

/** What there is of that name, if its driver still says so. */
async function existingVolume(ctx: EngineContext, name: string, driver: string): Promise<VolumeRecord | undefined> {
  const record = ctx.volumes.get(name);
  if (!record) return undefined;
  const owner = driverOf(record);
  if (!isLocal(driver) || driver !== "") await ctx.volumeDrivers.get(driver);
  const unlikeOwner = driver !== "" && owner !== driver;
  if (isLocal(owner)) {
    if (unlikeOwner) throw new EngineError("Conflict", `driver '${owner}' already has volume '${name}': volume name must be unique`);
    return record;
  }
  if (await stillThere(ctx, name, owner)) {
    if (unlikeOwner) throw new EngineError("Conflict", `driver '${owner}' already has volume '${name}': volume name must be unique`);
    return record;
  }
  ctx.volumes.delete(name);
  return undefined;
}

async function stillThere(ctx: EngineContext, name: string, owner: string): Promise<boolean> {
  try {
    const driver = await ctx.volumeDrivers.plugins.get(owner);
    return (await driver.get(name)) !== undefined;
  } catch (error) {
    throw new EngineError("Conflict", `found reference to volume '${name}' in driver '${owner}', but got an error while checking the driver: ${messageOf(error)}: volume name must be unique`, { cause: error });
  }
}

async function makeVolume(ctx: EngineContext, { name, labels, anonymous, options }: NewVolume, driver: VolumeDriver): Promise<VolumeRecord> {
  const known = driver instanceof PluginDriver && (await driver.get(name)) !== undefined;
  if (!known) await driver.create({ name, options });
  const record: VolumeRecord = {
    name, createdAt: formatInstant(nowNs()), labels: anonymous ? { ...labels, [ANONYMOUS_LABEL]: "" } : labels, options: Object.keys(options).length > 0 ? { ...options } : null, anonymous,
    ...(!isLocal(driver.name) && { driver: driver.name }),
  };
  ctx.volumes.insert(record);
  ctx.eventLog.emit({ type: "volume", action: "create", id: name, attributes: { driver: driver.name } });
  return record;
}

/** Makes the volumes that a new container names, fills the empty ones from its image, and notes it as their user. */
export async function claimVolumes(ctx: EngineContext, containerId: string, mounts: readonly ContainerMount[]): Promise<void> {
  for (const mount of mounts) {
    if (mount.type !== "volume") continue;
    const anonymous = /^[0-9a-f]{64}$/.test(mount.source);
    const driver = mount.driver?.name ?? mount.request?.VolumeOptions?.DriverConfig?.Name ?? "";
    const options = mount.driver?.options ?? mount.request?.VolumeOptions?.DriverConfig?.Options ?? {};
    if (driver !== "" || !ctx.volumes.get(mount.source)) await ensureVolume(ctx, { name: mount.source, labels: mount.request?.VolumeOptions?.Labels ?? null, anonymous, driver, options });
    await fillFromImage(ctx, containerId, mount, anonymous);
    ctx.volumes.use(mount.source, containerId);
  }
}

/** Lets go of a removed container's volumes; the nameless ones go with it when asked. */
export async function releaseVolumes(ctx: EngineContext, record: Pick<ContainerRecord, "id" | "mounts">, removeAnonymous: boolean): Promise<void> {
  for (const { type, source } of record.mounts) {
    if (type !== "volume") continue;
    ctx.volumes.release(source, record.id);
    const volume = ctx.volumes.get(source);
    if (removeAnonymous && volume?.anonymous && ctx.volumes.users(source).length === 0) await destroyVolume(ctx, volume);
  }
}

/** Nobody uses it. A plugin is asked first: what it refuses stays known. */
export async function destroyVolume(ctx: EngineContext, record: VolumeRecord): Promise<void> {
  const { name } = record;
  const owner = driverOf(record);
  using _hold = await ctx.locks.acquire(`volume ${name}`);
  if (isLocal(owner)) {
    // Somebody else was quicker to remove or rename it.
    if (!ctx.volumes.get(name)) return;
    ctx.volumeDrivers.local.hide(name);
    ctx.volumes.delete(name);
    await ctx.volumeDrivers.local.remove(drivenVolume(record));
  } else {
    await (await ctx.volumeDrivers.get(owner)).remove(drivenVolume(record));
    ctx.volumes.delete(name);
  }
  ctx.eventLog.emit({ type: "volume", action: "destroy", id: name, attributes: { driver: owner } });
}

/** At start: a removal that a crash has cut short goes on. */
export async function finishRemovals(ctx: EngineContext): Promise<void> {
  const { local } = ctx.volumeDrivers;
  for (const name of local.hiddenNames()) {
    const record = ctx.volumes.get(name);
    // One of that name was made since, if it has its folder.
    if (record && !existsSync(local.folder(name))) ctx.volumes.delete(name);
    await local.remove({ name, options: {} });
  }
}
