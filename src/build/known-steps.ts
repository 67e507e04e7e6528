import type { ImageConfig } from "../spec/mod.ts";
import type { BuildDeps } from "./ports.ts";
import type { CacheEntry } from "./request.ts";
import type { LayerRef } from "./solver/types.ts";

/** Where an image's config says which steps its layers came of. */
const FIELD = "hako.build.steps";
/** BuildKit's own. */
const FOREIGN_FIELD = "moby.buildkit.cache.v0";

/** As they came: damaged, perhaps. Undefined where the config says nothing of steps. */
export const stepsOf = (config: ImageConfig): unknown => (config as ImageConfig & { readonly [FIELD]?: unknown })[FIELD];

export const hasForeignSteps = (config: ImageConfig): boolean => FOREIGN_FIELD in config;

/** The config with what is known of the layers, when it is to go along with the image. */
export function withSteps(deps: BuildDeps, config: ImageConfig, layers: readonly LayerRef[], cacheTo: readonly CacheEntry[]): ImageConfig {
  return cacheTo.some(({ type }) => type === "inline") ? configWithSteps(deps, config, layers) : config;
}

export function configWithSteps(deps: BuildDeps, config: ImageConfig, layers: readonly LayerRef[]): ImageConfig {
  const steps = { [FIELD]: deps.solver.cache.knownSteps(layers) };
  return { ...config, ...steps };
}
