import { EngineError, messageOf } from "../base/mod.ts";
import type { ImageConfig } from "../spec/mod.ts";
import type { BuildClient } from "./client.ts";
import { OWN_PLATFORM } from "./frontend/platform.ts";
import { makeVertex } from "./graph/make-vertex.ts";
import { shownAs, type ShownWork, type Tell } from "./internal-vertex.ts";
import type { BuildDeps } from "./ports.ts";
import type { BuildRequest, CacheEntry } from "./request.ts";
import type { LayerRef } from "./solver/types.ts";

/** Where an image's config says which steps its layers came of. */
const FIELD = "hako.build.steps";

interface ImportOptions {
  readonly request: BuildRequest;
  readonly client: BuildClient;
  readonly tell: Tell;
  readonly signal: AbortSignal;
}

/** Takes over the steps of the images that --cache-from names. What cannot be had is told, and the build goes on without it. */
export async function importCaches(deps: BuildDeps, { request, client, tell, signal }: ImportOptions): Promise<void> {
  for (const entry of request.cacheFrom) {
    const { ref } = entry.attrs;
    if (ref === undefined || ref === "") continue;
    try {
      await shownAs(tell, `importing cache manifest from ${ref}`, async (work) => {
        // The classic form of the API means images that are here.
        const { id, config } = await deps.images.find(ref, request.platforms[0] ?? OWN_PLATFORM, { ...request, pull: entry.type === "registry" }, work, signal);
        const steps = (config as ImageConfig & { readonly [FIELD]?: unknown })[FIELD];
        if (steps === undefined) return;
        const vertex = makeVertex({ kind: "image", ref, digest: id, platform: request.platforms[0] ?? OWN_PLATFORM }, [], { name: `[internal] cache of ${ref}` });
        await using solved = await deps.solver.solve([vertex], { client, tell: () => undefined, signal });
        deps.solver.cache.adoptSteps(solved.results[0]?.layers ?? [], steps, `imported from ${ref}`);
      });
    } catch (error) {
      signal.throwIfAborted();
      // The vertex has told why, ignoring: a cache is no more than a help.
      if (!(error instanceof EngineError)) throw new EngineError("System", `failed to import the cache of ${ref}: ${messageOf(error)}`, { cause: error });
    }
  }
}

/** The config with what is known of the layers, when it is to go along with the image. */
export function withSteps(deps: BuildDeps, config: ImageConfig, layers: readonly LayerRef[], cacheTo: readonly CacheEntry[]): ImageConfig {
  return cacheTo.some(({ type }) => type === "inline") ? configWithSteps(deps, config, layers) : config;
}

function configWithSteps(deps: BuildDeps, config: ImageConfig, layers: readonly LayerRef[]): ImageConfig {
  const steps = { [FIELD]: deps.solver.cache.knownSteps(layers) };
  return { ...config, ...steps };
}

/** `--cache-to type=registry,ref=…`: the layers under a name of their own. */
export async function exportCaches(deps: BuildDeps, { config, layers }: { readonly config: ImageConfig; readonly layers: readonly LayerRef[] }, request: BuildRequest, tell: Tell, signal: AbortSignal): Promise<void> {
  for (const { type, attrs } of request.cacheTo) {
    if (type !== "registry") continue;
    const { ref = "" } = attrs;
    await shownAs(tell, "exporting cache to registry", async (work: ShownWork) => {
      work.status("preparing build cache for export");
      const { replaced } = await deps.images.add({ images: [{ config: configWithSteps(deps, config, layers), archiveBytes: layers.map(({ archiveBytes }) => archiveBytes) }], index: undefined, names: [ref] }, signal);
      work.done("preparing build cache for export");
      try {
        await deps.images.push(ref, request, work, signal);
      } finally {
        // The name was lent: whose it was has it again.
        const [before] = replaced.values();
        if (before === undefined) await deps.images.untag(ref);
        else deps.images.tag(before, ref);
      }
    });
  }
}
