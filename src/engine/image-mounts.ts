import type { EngineContext } from "./context.ts";
import type { ContainerMount, ContainerRecord } from "./record.ts";

/** A snapshot's key of an image that a container has mounted: it keeps the layers as long as the container is there. */
const keyOf = (containerId: string, index: number): string => `${containerId}.${index}`;
const KEY = /^([0-9a-f]{64})\.\d+$/;

/** @throws EngineError NotFound, for an image that is not there */
export async function holdImages(ctx: EngineContext, containerId: string, mounts: readonly ContainerMount[]): Promise<void> {
  for (const [index, { type, source }] of mounts.entries()) if (type === "image") await ctx.snapshots.prepare(keyOf(containerId, index), ctx.images.resolve(source).layers);
}

export async function releaseImages(ctx: EngineContext, { id, mounts }: Pick<ContainerRecord, "id" | "mounts">): Promise<void> {
  for (const [index, { type }] of mounts.entries()) if (type === "image") await ctx.snapshots.remove(keyOf(id, index));
}

export function imageMountKey(record: ContainerRecord, mount: ContainerMount): string {
  return keyOf(record.id, record.mounts.indexOf(mount));
}

/** Whose a snapshot is; undefined for one of no image mount. */
export const imageMountOwner = (key: string): string | undefined => KEY.exec(key)?.[1];
