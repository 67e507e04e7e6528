import { EngineError, messageOf } from "../base/mod.ts";
import { isLocal, type PluginDriver, type PluginVolume } from "../volume/mod.ts";
import type { EngineContext } from "./context.ts";
import { parseVolumeName, randomVolumeName } from "./create/mount-path.ts";
import { booleanFilter, exactly, labelsMatch, onlyKnown } from "./filters.ts";
import { folderBytes } from "./folder-bytes.ts";
import type { Filters } from "./options.ts";
import { volumeData } from "./paths.ts";
import { driverOf, type VolumeRecord } from "./store/volumes.ts";
import { destroyVolume, ensureVolume } from "./volume-claims.ts";
import { drivenVolume } from "./volume-mounts.ts";

export interface Volume {
  CreatedAt: string;
  Driver: string;
  Labels: Record<string, string> | null;
  Mountpoint: string;
  Name: string;
  Options: Record<string, string> | null;
  Scope: "local" | "global";
  Status?: Record<string, unknown>;
  UsageData?: { Size: number; RefCount: number };
}
export interface VolumeCreateRequest {
  Name?: string;
  Driver?: string;
  DriverOpts?: Record<string, string>;
  Labels?: Record<string, string>;
}

/** Finds the one of that name, whatever its options and labels, as Docker does. @throws EngineError in Docker's words */
export async function createVolume(ctx: EngineContext, request: VolumeCreateRequest): Promise<Volume> {
  const name = request.Name ? parseVolumeName(request.Name) : randomVolumeName();
  const record = await ensureVolume(ctx, { name, labels: request.Labels ?? null, anonymous: !request.Name, driver: request.Driver ?? "", options: request.DriverOpts ?? {} });
  return await shown(ctx, record);
}

/** Known ones, and those that plugins tell of; a plugin that does not answer is a warning. */
export async function listVolumes(ctx: EngineContext, filters: Filters = {}): Promise<{ Volumes: Volume[]; Warnings: string[] | null }> {
  onlyKnown(filters, ["name", "label", "dangling", "driver"]);
  const dangling = booleanFilter(filters, "dangling");
  const { found, warnings } = await listPlugins(ctx, filters["driver"]);
  const known = ctx.volumes.all().map((record) => [record, found.get(record.name)] as const);
  const others = [...found].filter(([name]) => !ctx.volumes.get(name)).map(([name, volume]) => [strayRecord(name, volume.driver.name), volume] as const);
  const matching = [...known, ...others].filter(([record]) => matches(ctx, record, filters, dangling));
  const volumes = await Promise.all(matching.map(([record, volume]) => (volume ? pluginVolume(record, volume.driver, volume) : volumeOf(ctx, record))));
  return { Volumes: volumes, Warnings: warnings.length > 0 ? warnings : null };
}

export async function inspectVolume(ctx: EngineContext, name: string): Promise<Volume> {
  return await shown(ctx, await findVolume(ctx, name));
}

/** @throws EngineError NotFound, Conflict while a container uses it */
export async function removeVolume(ctx: EngineContext, name: string, options: { force?: boolean | undefined } = {}): Promise<void> {
  let record: VolumeRecord;
  try {
    record = await findVolume(ctx, name);
  } catch (error) {
    if (!options.force) throw error;
    // What its driver does not know, or cannot tell of, is forgotten.
    if (ctx.volumes.users(name).length === 0) ctx.volumes.delete(name);
    return;
  }
  const users = ctx.volumes.users(record.name);
  if (users.length > 0) throw new EngineError("Conflict", `remove ${record.name}: volume is in use - [${users.join(", ")}]`);
  try {
    await destroyVolume(ctx, record);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw new EngineError(error.kind, `remove ${record.name}: ${error.message}`, { cause: error });
  }
}

/** Nameless ones that nobody uses; `all` takes those with names too. Only the engine's own. */
export async function pruneVolumes(ctx: EngineContext, filters: Filters = {}): Promise<{ VolumesDeleted: string[]; SpaceReclaimed: number }> {
  onlyKnown(filters, ["label", "label!", "all"]);
  const all = pruneAll(filters["all"] ?? []);
  const unused = ctx.volumes.all().filter((record) => isLocal(driverOf(record)) && (all || record.anonymous) && ctx.volumes.users(record.name).length === 0 && labelsMatch(record.labels ?? {}, filters));
  let reclaimed = 0;
  const deleted: string[] = [];
  for (const record of unused) {
    const size = await folderBytes(volumeData(ctx.paths, record.name));
    // Somebody may have begun to use it since.
    if (ctx.volumes.users(record.name).length > 0) continue;
    await destroyVolume(ctx, record);
    deleted.push(record.name);
    reclaimed += size;
  }
  ctx.eventLog.emit({ type: "volume", action: "prune", id: "", attributes: { reclaimed: String(reclaimed) } });
  return { VolumesDeleted: deleted, SpaceReclaimed: reclaimed };
}

const TRUE = /^(1|t|T|TRUE|true|True)$/;
const FALSE = /^(0|f|F|FALSE|false|False)$/;

function pruneAll(values: readonly string[]): boolean {
  const [value = "false"] = values;
  if (values.length > 1) throw new EngineError("InvalidParameter", "invalid filter 'all': only one value is expected");
  if (!TRUE.test(value) && !FALSE.test(value)) throw new EngineError("InvalidParameter", `invalid filter 'all': strconv.ParseBool: parsing ${JSON.stringify(value.slice(0, 64))}: invalid syntax`);
  return TRUE.test(value);
}

/** The record of a volume; one that only a plugin knows gets one that is not kept. @throws EngineError NotFound; System when its driver does not answer */
export async function findVolume(ctx: EngineContext, name: string): Promise<VolumeRecord> {
  const record = ctx.volumes.get(name);
  if (record && isLocal(driverOf(record))) return record;
  const missing = new EngineError("NotFound", `get ${name.slice(0, 200)}: no such volume`);
  if (record) {
    try {
      if (await (await ctx.volumeDrivers.plugins.get(driverOf(record))).get(name)) return record;
    } catch (error) {
      throw new EngineError("System", `get ${name.slice(0, 200)}: ${messageOf(error)}`, { cause: error });
    }
    throw missing;
  }
  for (const driver of await ctx.volumeDrivers.plugins.all()) if (await driver.get(name).catch(() => undefined)) return strayRecord(name, driver.name);
  throw missing;
}

const strayRecord = (name: string, driver: string): VolumeRecord => ({ name, driver, createdAt: "", labels: null, options: null, anonymous: false });

type Listed = PluginVolume & { readonly driver: PluginDriver };

async function listPlugins(ctx: EngineContext, drivers: readonly string[] | undefined): Promise<{ found: Map<string, Listed>; warnings: string[] }> {
  const found = new Map<string, Listed>();
  const warnings: string[] = [];
  const list = async (driver: PluginDriver): Promise<void> => {
    try {
      for (const volume of await driver.list()) found.set(volume.name, { ...volume, driver });
    } catch (error) {
      warnings.push(`list volumes of driver ${JSON.stringify(driver.name)}: ${messageOf(error)}`);
    }
  };
  await Promise.all((await ctx.volumeDrivers.plugins.all()).filter(({ name }) => exactly(drivers, name)).map(list));
  return { found, warnings };
}

function matches(ctx: EngineContext, record: VolumeRecord, filters: Filters, dangling: boolean | undefined): boolean {
  const unused = ctx.volumes.users(record.name).length === 0;
  return (
    (filters["name"]?.some((text) => record.name.includes(text)) ?? true) &&
    exactly(filters["driver"], driverOf(record)) &&
    (dangling === undefined || unused === dangling) &&
    labelsMatch(record.labels ?? {}, filters)
  );
}

async function shown(ctx: EngineContext, record: VolumeRecord): Promise<Volume> {
  if (isLocal(driverOf(record))) return volumeOf(ctx, record);
  const driver = await ctx.volumeDrivers.plugins.get(driverOf(record));
  return await pluginVolume(record, driver, await driver.get(record.name));
}

async function pluginVolume(record: VolumeRecord, driver: PluginDriver, volume: PluginVolume | undefined): Promise<Volume> {
  return {
    ...shape(record), CreatedAt: volume?.createdAt || shape(record).CreatedAt, Driver: driver.name, Mountpoint: volume?.mountpoint ?? "", Scope: await driver.scope(), ...(volume?.status && { Status: volume.status }),
  };
}

/** As the engine alone knows it. */
export function volumeOf(ctx: EngineContext, record: VolumeRecord): Volume {
  return { ...shape(record), Mountpoint: isLocal(driverOf(record)) ? ctx.volumeDrivers.local.placeOf(drivenVolume(record)) : "" };
}

function shape(record: VolumeRecord): Volume {
  const { name, createdAt, labels, options } = record;
  return { CreatedAt: createdAt === "" ? "" : `${createdAt.slice(0, 19)}Z`, Driver: drivenVolume(record).driver, Labels: labels, Mountpoint: "", Name: name, Options: options, Scope: "local" };
}
