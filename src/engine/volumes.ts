import { mkdir, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { EngineError, formatInstant, nowNs } from "../base/mod.ts";
import type { EngineContext } from "./context.ts";
import { parseVolumeName, randomVolumeName } from "./create/mount-path.ts";
import { labelsMatch, onlyKnown } from "./filters.ts";
import type { Filters } from "./options.ts";
import { volumeData } from "./paths.ts";
import type { ContainerMount, ContainerRecord } from "./record.ts";
import { fillFromImage } from "./volume-content.ts";
import type { VolumeRecord } from "./store/volumes.ts";

export interface Volume {
  CreatedAt: string;
  Driver: string;
  Labels: Record<string, string> | null;
  Mountpoint: string;
  Name: string;
  Options: Record<string, string> | null;
  Scope: "local";
  UsageData?: { Size: number; RefCount: number };
}
export interface VolumeCreateRequest {
  Name?: string;
  Driver?: string;
  DriverOpts?: Record<string, string>;
  Labels?: Record<string, string>;
}

const ANONYMOUS_LABEL = "com.docker.volume.anonymous";

export async function createVolume(ctx: EngineContext, request: VolumeCreateRequest): Promise<Volume> {
  if (request.Driver && request.Driver !== "local") throw new EngineError("NotFound", `error looking up volume plugin ${request.Driver.slice(0, 64)}: plugin ${JSON.stringify(request.Driver.slice(0, 64))} not found`);
  if (Object.keys(request.DriverOpts ?? {}).length > 0) throw new EngineError("InvalidParameter", "options of the local volume driver are not supported yet: bind the folder with -v /host/path:/path");
  const name = request.Name ? parseVolumeName(request.Name) : randomVolumeName();
  const existing = ctx.volumes.get(name);
  if (existing) return volumeOf(ctx, existing);
  return volumeOf(ctx, await makeVolume(ctx, { name, labels: request.Labels ?? null, anonymous: !request.Name }));
}

export async function listVolumes(ctx: EngineContext, filters: Filters = {}): Promise<{ Volumes: Volume[]; Warnings: string[] | null }> {
  onlyKnown(filters, ["name", "label", "dangling", "driver"]);
  const matching = ctx.volumes.all().filter((record) => matches(ctx, record, filters));
  return { Volumes: matching.map((record) => volumeOf(ctx, record)), Warnings: null };
}

export async function inspectVolume(ctx: EngineContext, name: string): Promise<Volume> {
  return volumeOf(ctx, find(ctx, name));
}

export async function removeVolume(ctx: EngineContext, name: string, options: { force?: boolean | undefined } = {}): Promise<void> {
  const record = ctx.volumes.get(name);
  if (!record && options.force) return;
  const { name: found } = find(ctx, name);
  const users = ctx.volumes.users(found);
  if (users.length > 0) throw new EngineError("Conflict", `remove ${found}: volume is in use - [${users.join(", ")}]`);
  await destroyVolume(ctx, found);
}

export async function pruneVolumes(ctx: EngineContext, filters: Filters = {}): Promise<{ VolumesDeleted: string[]; SpaceReclaimed: number }> {
  onlyKnown(filters, ["label", "label!", "all"]);
  const all = filters["all"]?.some((value) => /^(1|t|true)$/i.test(value)) ?? false;
  const unused = ctx.volumes.all().filter(({ name, anonymous, labels }) => (all || anonymous) && ctx.volumes.users(name).length === 0 && labelsMatch(labels ?? {}, filters));
  for (const { name } of unused) await destroyVolume(ctx, name);
  return { VolumesDeleted: unused.map(({ name }) => name), SpaceReclaimed: 0 };
}

/** Makes the volumes that a new container names, fills the empty ones from its image, and notes it as their user. */
export async function claimVolumes(ctx: EngineContext, containerId: string, mounts: readonly ContainerMount[]): Promise<void> {
  for (const mount of mounts) {
    if (mount.type !== "volume") continue;
    const anonymous = /^[0-9a-f]{64}$/.test(mount.source);
    if (!ctx.volumes.get(mount.source)) await makeVolume(ctx, { name: mount.source, labels: mount.request?.VolumeOptions?.Labels ?? null, anonymous });
    await fillFromImage(ctx, containerId, mount, anonymous);
    ctx.volumes.use(mount.source, containerId);
  }
}

/** Lets go of a removed container's volumes; the nameless ones go with it when asked. */
export async function releaseVolumes(ctx: EngineContext, record: Pick<ContainerRecord, "id" | "mounts">, removeAnonymous: boolean): Promise<void> {
  for (const { type, source } of record.mounts) {
    if (type !== "volume") continue;
    ctx.volumes.release(source, record.id);
    if (removeAnonymous && ctx.volumes.get(source)?.anonymous && ctx.volumes.users(source).length === 0) await destroyVolume(ctx, source);
  }
}

async function makeVolume(ctx: EngineContext, { name, labels, anonymous }: { name: string; labels: Record<string, string> | null; anonymous: boolean }): Promise<VolumeRecord> {
  await mkdir(volumeData(ctx.paths, name), { recursive: true });
  const made = ctx.volumes.get(name);
  if (made) return made;
  const record: VolumeRecord = { name, createdAt: formatInstant(nowNs()), labels: anonymous ? { ...labels, [ANONYMOUS_LABEL]: "" } : labels, options: null, anonymous };
  ctx.volumes.insert(record);
  ctx.eventLog.emit({ type: "volume", action: "create", id: name, attributes: { driver: "local" } });
  return record;
}

async function destroyVolume(ctx: EngineContext, name: string): Promise<void> {
  ctx.volumes.delete(name);
  await rm(dirname(volumeData(ctx.paths, name)), { recursive: true, force: true });
  ctx.eventLog.emit({ type: "volume", action: "destroy", id: name, attributes: { driver: "local" } });
}

function find(ctx: EngineContext, name: string): VolumeRecord {
  const record = ctx.volumes.get(name);
  if (!record) throw new EngineError("NotFound", `get ${name.slice(0, 200)}: no such volume`);
  return record;
}

function matches(ctx: EngineContext, record: VolumeRecord, filters: Filters): boolean {
  const dangling = filters["dangling"]?.[0];
  const unused = ctx.volumes.users(record.name).length === 0;
  return (
    (filters["name"] ?? []).every((text) => record.name.includes(text)) &&
    (filters["driver"] ?? []).every((driver) => driver === "local") &&
    (dangling === undefined || unused === /^(1|t|true)$/i.test(dangling)) &&
    labelsMatch(record.labels ?? {}, filters)
  );
}

export function volumeOf(ctx: EngineContext, { name, createdAt, labels, options }: VolumeRecord): Volume {
  return { CreatedAt: `${createdAt.slice(0, 19)}Z`, Driver: "local", Labels: labels, Mountpoint: volumeData(ctx.paths, name), Name: name, Options: options, Scope: "local" };
}
