import { EngineError } from "../base/mod.ts";
import type { EngineContext } from "./context.ts";
import type { StatsOptions } from "./options.ts";
import type { StatsListener } from "./stats/sampler.ts";

/** A single answer, or one per second until the container is removed. */
export type StatsAnswer = { readonly kind: "once"; readonly text: Promise<string> } | { readonly kind: "stream"; readonly frames: AsyncIterable<Uint8Array> };

/** JSON texts, as Docker's ContainerStats has them. @throws EngineError NotFound, InvalidParameter */
export function containerStats(ctx: EngineContext, ref: string, { stream, oneShot }: StatsOptions, signal: AbortSignal): StatsAnswer {
  if (stream && oneShot) throw new EngineError("InvalidParameter", "cannot have stream=true and one-shot=true");
  const { id } = ctx.containers.resolve(ref);
  return stream ? { kind: "stream", frames: frames(ctx, id, signal) } : { kind: "once", text: single(ctx, id, oneShot ?? false, signal) };
}

/** Not one-shot: two looks, a second apart, so that processor use can be told. */
async function single(ctx: EngineContext, id: string, oneShot: boolean, signal: AbortSignal): Promise<string> {
  const record = ctx.containers.resolve(id);
  if (oneShot || record.state.status !== "running") return ctx.stats.once(record);
  let seen = 0;
  for await (const frame of frames(ctx, id, signal)) if (++seen === 2) return Buffer.from(frame).toString();
  throw new EngineError("NotFound", `No such container: ${id}`);
}

/** A slow reader misses frames; it is never more than one behind. */
async function* frames(ctx: EngineContext, id: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  let next: (() => Uint8Array) | undefined;
  let isFirst = true;
  let ended = false;
  let wake: () => void = () => undefined;
  const rouse = (): void => wake();
  const listener: StatsListener = {
    take: (frame) => {
      next = isFirst ? frame.alone : frame.withBefore;
      wake();
    },
    end: () => {
      ended = true;
      wake();
    },
  };
  using _listening = ctx.stats.listen(id, listener);
  signal.addEventListener("abort", rouse);
  try {
    while (!signal.aborted) {
      const make = next;
      next = undefined;
      if (make) {
        isFirst = false;
        yield make();
      } else if (ended) return;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    signal.removeEventListener("abort", rouse);
  }
}
