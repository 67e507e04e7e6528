import type { SystemDataUsage } from "../spec/mod.ts";
import type { EngineContext } from "./context.ts";
import { folderBytes } from "./folder-bytes.ts";
import { listImages, sharedBytes } from "./images.ts";
import { summaryOf } from "./list.ts";
import { volumeData } from "./paths.ts";
import { volumeOf } from "./volumes.ts";

export type DfType = "container" | "image" | "volume" | "build-cache";

/** What takes space; `types` empty: everything. */
export async function systemDf(ctx: EngineContext, types: readonly DfType[] = []): Promise<SystemDataUsage> {
  const wants = (type: DfType): boolean => types.length === 0 || types.includes(type);
  const images = wants("image") ? await listImages(ctx, { all: true, sharedSize: true }) : undefined;
  const containers = wants("container") ? await Promise.all(ctx.containers.all().reverse().map((record) => summaryOf(ctx, record, true))) : undefined;
  const volumes = wants("volume") ? await Promise.all(ctx.volumes.all().map((record) => volumeUsage(ctx, record))) : undefined;
  const shape: Record<string, unknown> = {
    LayersSize: images ? sharedBytes(ctx).total : 0,
    Images: images ?? null,
    Containers: containers ?? null,
    Volumes: volumes ?? null,
    BuildCache: wants("build-cache") ? [] : null,
  };
  return shape as SystemDataUsage;
}

async function volumeUsage(ctx: EngineContext, record: Parameters<typeof volumeOf>[1]): Promise<ReturnType<typeof volumeOf>> {
  return { ...volumeOf(ctx, record), UsageData: { RefCount: ctx.volumes.users(record.name).length, Size: await folderBytes(volumeData(ctx.paths, record.name)) } };
}
