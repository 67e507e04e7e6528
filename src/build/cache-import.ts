import { EngineError, messageOf } from "../base/mod.ts";
import { parseDigest } from "../spec/mod.ts";
import type { BuildClient } from "./client.ts";
import { lendLayout } from "./client-layout.ts";
import { OWN_PLATFORM } from "./frontend/platform.ts";
import { makeVertex } from "./graph/make-vertex.ts";
import { shownAs, type ShownWork, type Tell } from "./internal-vertex.ts";
import { hasForeignSteps, stepsOf } from "./known-steps.ts";
import type { BuildDeps, LentImages } from "./ports.ts";
import type { BuildRequest, CacheEntry } from "./request.ts";

interface ImportOptions {
  readonly request: BuildRequest;
  readonly client: BuildClient;
  readonly tell: Tell;
  readonly signal: AbortSignal;
}

/** The folder of a client's that a `--cache-from type=local` is, by its place in the request. */
const cacheFolder = (index: number): string => `cache-from:${index}`;

/** What clients of BuildKit's call a cache in a folder of theirs. */
export const localStore = (folder: string): string => `local:${folder}`;

/** Takes over the steps of the images that --cache-from names. What cannot be had is told, and the build goes on without it. */
export async function importCaches(deps: BuildDeps, options: ImportOptions): Promise<void> {
  for (const [index, entry] of options.request.cacheFrom.entries()) {
    const source = entry.type === "local" ? `local:${entry.attrs["src"] ?? ""}` : entry.attrs["ref"];
    if (source === undefined || source === "") continue;
    try {
      await shownAs(options.tell, `importing cache manifest from ${source}`, async (work) => {
        await using lent = await lentImages(deps, entry, index, work, options);
        for (const image of lent.images) await adoptImage(deps, image, source, work, options);
      });
    } catch (error) {
      options.signal.throwIfAborted();
      // The vertex has told why, ignoring: a cache is no more than a help.
      if (!(error instanceof EngineError)) throw new EngineError("System", `failed to import the cache of ${source}: ${messageOf(error)}`, { cause: error });
    }
  }
}

async function lentImages(deps: BuildDeps, { type, attrs }: CacheEntry, index: number, work: ShownWork, { request, client, signal }: ImportOptions): Promise<LentImages> {
  const { ref = "" } = attrs;
  if (type === "local") {
    const { src = "", digest } = attrs;
    return await lendLayout(client, deps.images, { folder: cacheFolder(index), store: localStore(src), digest: digest === undefined ? undefined : parseDigest(digest), platform: undefined }, { kind: "every" }, signal);
  }
  if (type === "registry") return await deps.images.cached(ref, request, (config) => stepsOf(config) !== undefined, work, signal);
  // The classic form of the API means images that are here.
  const image = await deps.images.local(ref, request.platforms[0] ?? OWN_PLATFORM);
  if (!image) work.done(`${ref} is not here: it is ignored`);
  return { images: image ? [image] : [], [Symbol.asyncDispose]: async () => undefined };
}

async function adoptImage(deps: BuildDeps, { id, config }: LentImages["images"][number], source: string, work: ShownWork, { client, signal }: ImportOptions): Promise<void> {
  const steps = stepsOf(config);
  if (steps === undefined) {
    if (hasForeignSteps(config)) work.done("BuildKit's keys say nothing to this engine: the cache is ignored");
    return;
  }
  const { os, architecture, variant } = config;
  const vertex = makeVertex({ kind: "image", ref: source, digest: id, platform: { os, architecture, variant } }, [], { name: `[internal] cache of ${source}` });
  await using solved = await deps.solver.solve([vertex], { client, tell: () => undefined, signal });
  deps.solver.cache.adoptSteps(solved.results[0]?.layers ?? [], steps, `imported from ${source}`);
}
