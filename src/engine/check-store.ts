import type { EngineContext } from "./context.ts";
import type { ContainerRecord } from "./record.ts";
import { isRunning } from "./state.ts";

/** What is found, one by one, then {"summary"}. Damaged blobs and layers are mended where that can be done, unless told otherwise. */
export async function* checkStore(ctx: EngineContext, { repair }: { repair: boolean }, signal: AbortSignal): AsyncIterable<Record<string, unknown>> {
  const findings = ctx.images.check({ repair, layerInUse: (n) => layersInUse(ctx).has(n), signal });
  for (let next = await findings.next(); ; next = await findings.next()) {
    if (next.done) return yield { summary: next.value };
    yield { ...next.value };
  }
}

function layersInUse(ctx: EngineContext): Set<number> {
  return new Set(ctx.containers.all().filter(({ state }) => isRunning(state)).flatMap((record) => layersOf(ctx, record)));
}

function layersOf(ctx: EngineContext, { imageID, mounts }: ContainerRecord): number[] {
  const images = [imageID, ...mounts.filter(({ type }) => type === "image").map(({ source }) => source)];
  return images.flatMap((image) => {
    try {
      return ctx.images.resolve(image).layers;
    } catch {
      // An image that is gone, or damaged itself: nothing of it is mended under a running container, ignoring.
      return [];
    }
  });
}
