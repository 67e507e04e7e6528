import { EngineError } from "../base/mod.ts";
import type { Descriptor } from "../spec/mod.ts";

/** BuildKit's own description of a build cache: its keys are of BuildKit's graph. @throws EngineError NotImplemented */
export function refuseForeignCache({ mediaType }: Pick<Descriptor, "mediaType">): void {
  if (mediaType === "application/vnd.buildkit.cacheconfig.v0") throw new EngineError("NotImplemented", "BuildKit wrote this cache, whose keys say nothing to this engine: it is ignored");
}
