import { EngineError } from "../../base/mod.ts";
import type { BuiltImage } from "../../image/mod.ts";
import { shownAs, type ShownWork } from "../internal-vertex.ts";
import { configWithSteps } from "../known-steps.ts";
import type { BuildDeps } from "../ports.ts";
import type { Descriptor } from "../../spec/mod.ts";
import type { BuildResult, CacheEntry } from "../request.ts";
import type { LayerRef, Result } from "../solver/types.ts";
import { isTrue } from "./boolean.ts";
import type { Exported, ExportOptions } from "./export.ts";
import { EXPORTED } from "./image.ts";
import { completeConfig } from "./image-config.ts";

/** Of one cache: a build has some steps per stage, an index so many entries are read of. */
const MAX_STACKS = 100;
/** What the layout calls it; by the tag it is found again. */
const CACHE = "hako.invalid/build/cache";

/** `--cache-to type=registry,ref=…` and `type=local,dest=…`: layers with what is known of them, as images of an index where they are several stacks.
 * @returns what those learn of it who keep the index of such a folder themselves */
export async function exportCaches(deps: BuildDeps, results: readonly Exported[], everything: readonly Result[], options: ExportOptions): Promise<BuildResult["metadata"]> {
  let metadata: BuildResult["metadata"] = {};
  for (const [index, entry] of options.request.cacheTo.entries()) {
    const { type, attrs } = entry;
    if (type !== "registry" && type !== "local") continue;
    try {
      await shownAs(options.tell, type === "local" ? "exporting cache to client directory" : "exporting cache to registry", async (work) => {
        work.status("preparing build cache for export");
        const images = cacheImages(deps, results, attrs["mode"] === "max" ? everything : [], options);
        if (images.length === 0) return work.done("skipping cache export for empty result");
        if (type === "registry") await pushCache(deps, attrs["ref"] ?? "", images, work, options);
        else metadata = { "cache.manifest": JSON.stringify(await sendCache(deps, index, attrs["tag"] || "latest", images, work, options)) };
      });
    } catch (error) {
      if (!isTrue(attrs["ignore-error"]) || options.signal.aborted || !(error instanceof EngineError)) throw error;
    }
  }
  return metadata;
}

/** The targets' stacks, and of all others those that are not the lower part of another. */
function cacheImages(deps: BuildDeps, results: readonly Exported[], others: readonly Result[], { epoch }: ExportOptions): BuiltImage[] {
  const [first] = results;
  if (!first) return [];
  const bases = new Set<number>();
  const highestFirst = others.toSorted((one, other) => other.layers.length - one.layers.length);
  for (const { layers } of [...results, ...highestFirst]) for (const { n } of layers.slice(0, -1)) bases.add(n);
  const taken = new Set<number>();
  const stacks: { readonly draft: Exported["target"]["config"]; readonly layers: readonly LayerRef[] }[] = [];
  const { architecture, os, variant, rootfs } = first.target.config;
  const candidates = [...results.map(({ target, layers }) => ({ draft: target.config, layers, isTarget: true })), ...highestFirst.map(({ layers }) => ({ draft: { architecture, os, ...(variant !== undefined && { variant }), rootfs }, layers, isTarget: false }))];
  for (const { draft, layers, isTarget } of candidates) {
    const top = layers.at(-1);
    if (!top || taken.has(top.n) || (!isTarget && bases.has(top.n)) || stacks.length >= MAX_STACKS) continue;
    taken.add(top.n);
    if (deps.solver.cache.knownSteps(layers).length > 0) stacks.push({ draft, layers });
  }
  return stacks.map(({ draft, layers }) => ({ config: configWithSteps(deps, completeConfig(draft, layers, { epoch }), layers), archiveBytes: layers.map(({ archiveBytes }) => archiveBytes) }));
}

async function pushCache(deps: BuildDeps, ref: string, images: readonly BuiltImage[], work: ShownWork, { request, signal }: ExportOptions): Promise<void> {
  const { replaced } = await deps.images.add({ images, index: undefined, names: [ref] }, signal);
  work.done("preparing build cache for export");
  try {
    await deps.images.push(ref, request, work, signal);
  } finally {
    // The name was lent: whose it was has it again.
    const [before] = replaced.values();
    if (before === undefined) await deps.images.untag(ref);
    else deps.images.tag(before, ref);
  }
}

/** An OCI layout in a folder of the client's. */
async function sendCache(deps: BuildDeps, index: number, tag: string, images: readonly BuiltImage[], work: ShownWork, { request, client, signal }: ExportOptions): Promise<Descriptor> {
  const temporary = `${EXPORTED}:${crypto.randomUUID()}`;
  const { descriptor } = await deps.images.add({ images, index: undefined, names: [temporary] }, signal);
  work.done("preparing build cache for export");
  try {
    const output = await client.output(request.exporters.length + index);
    let sent = 0;
    for await (const bytes of await deps.images.archive(temporary, [`${CACHE}:${tag}`], signal)) {
      await output.write(bytes);
      sent += bytes.length;
    }
    await output.end();
    work.done("copying files", sent, sent);
    return descriptor;
  } finally {
    await deps.images.untag(temporary);
  }
}

/** As on the command line. @throws EngineError for what no build can write a cache to */
export function checkCacheTarget({ type, attrs }: CacheEntry): void {
  if (type === "gha" || type === "s3" || type === "azblob") throw new EngineError("NotImplemented", `a cache of type ${type} is kept by a service that this engine does not speak to: use type=registry, type=local or type=inline`);
  if (type !== "inline" && type !== "registry" && type !== "local") throw new EngineError("InvalidParameter", `unknown cache exporter: ${JSON.stringify(type)}`);
  const { mode = "min", dest = "" } = attrs;
  if (mode !== "min" && mode !== "max") throw new EngineError("InvalidParameter", `invalid cache export mode: ${mode}`);
  if (type === "local" && dest === "") throw new EngineError("InvalidParameter", "local cache exporter requires dest");
}
