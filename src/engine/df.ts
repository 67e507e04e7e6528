import { parseDigest, type ImageSummary, type SystemDataUsage } from "../spec/mod.ts";
import { buildCacheEntries } from "./build/build-cache.ts";
import type { EngineContext } from "./context.ts";
import { folderBytes } from "./folder-bytes.ts";
import { listImages, sharedBytes } from "./images.ts";
import { summaryOf } from "./list.ts";
import { volumeData } from "./paths.ts";
import { volumeOf } from "./volumes.ts";
import { driverOf } from "./store/volumes.ts";

export type DfType = "container" | "image" | "volume" | "build-cache";

/** What takes space; `types` empty: everything. */
export async function systemDf(ctx: EngineContext, types: readonly DfType[] = []): Promise<SystemDataUsage> {
  const wants = (type: DfType): boolean => types.length === 0 || types.includes(type);
  const images = wants("image") ? await imageUsage(ctx) : undefined;
  const containers = wants("container") ? await Promise.all(ctx.containers.all().reverse().map((record) => summaryOf(ctx, record, true))) : undefined;
  const volumes = wants("volume") ? await Promise.all(ctx.volumes.all().filter((record) => driverOf(record) === "local" && Object.keys(record.options ?? {}).every((key) => !["device", "type", "o"].includes(key))).map((record) => volumeUsage(ctx, record))) : undefined;
  const shape: Record<string, unknown> = {
    LayersSize: images?.total ?? 0,
    Images: images?.list ?? null,
    Containers: containers ?? null,
    Volumes: volumes ?? null,
    BuildCache: wants("build-cache") ? buildCacheEntries(ctx) : null,
  };
  return shape as SystemDataUsage;
}

/** Images with the blobs that they came as; in all, also downloads that were cut. */
async function imageUsage(ctx: EngineContext): Promise<{ list: ImageSummary[]; total: number }> {
  const content = await ctx.images.contentUse();
  const list = (await listImages(ctx, { all: true, sharedSize: true })).map((image) => {
    const { bytes, shared } = content.ofImage(parseDigest(image.Id ?? ""));
    return { ...image, Size: (image.Size ?? 0) + bytes, SharedSize: (image.SharedSize ?? 0) + shared };
  });
  return { list, total: sharedBytes(ctx).total + content.total };
}

async function volumeUsage(ctx: EngineContext, record: Parameters<typeof volumeOf>[1]): Promise<ReturnType<typeof volumeOf>> {
  return { ...volumeOf(ctx, record), UsageData: { RefCount: ctx.volumes.users(record.name).length, Size: await folderBytes(volumeData(ctx.paths, record.name)) } };
}
