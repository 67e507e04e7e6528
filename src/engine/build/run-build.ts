import { endOfArchive } from "../../archive/mod.ts";
import { build, httpValidator, resolveGitRef, type BuildOptions } from "../../build/mod.ts";
import { familiarName, parseReference, withDefaultTag } from "../../spec/mod.ts";
import type { EngineContext } from "../context.ts";
import type { BuildClient, BuildDeps, BuildRequest, BuildResult, Tell } from "../ports.ts";
import { proxyOf } from "./remote-sources.ts";
import { buildImages, type CredentialsOf } from "./build-images.ts";

export interface RunBuildOptions extends BuildOptions {
  /** For a registry, where the request has none: whoever asks for the build may be asked. */
  readonly credentialsOf?: CredentialsOf;
}

/** One build for whoever asks. Rejects with BuildError for what the Dockerfile or a step of it did. */
export async function runBuild(ctx: EngineContext, request: BuildRequest, client: BuildClient, tell: Tell, signal: AbortSignal, options: RunBuildOptions = {}): Promise<BuildResult> {
  ctx.space.requireWritable();
  const result = await build(buildDeps(ctx, options), request, client, tell, signal, options);
  announce(ctx, request, result);
  return result;
}

function buildDeps(ctx: EngineContext, { credentialsOf }: RunBuildOptions): BuildDeps {
  return {
    solver: ctx.solver,
    images: buildImages(ctx, credentialsOf),
    files: (layers) => ctx.snapshots.layerFiles(layers),
    packTree: async (layers, prefix, signal) => {
      if (layers.length === 0) return nothing();
      return (await ctx.trees.packAll({ kind: "mounted", root: ctx.snapshots.layersView(layers), binds: [] }, signal, { prefix })).bytes;
    },
    resolveGit: resolveGitRef,
    resolveHttp: (url, signal) => httpValidator(url, proxyOf(ctx), signal),
  };
}

async function* nothing(): AsyncGenerator<Uint8Array, void, void> {
  yield endOfArchive();
}

/** As Docker's: names that the image was given. */
function announce(ctx: EngineContext, { exporters, tags }: BuildRequest, { imageId }: BuildResult): void {
  if (imageId === undefined || !exporters.some(({ type }) => type === "image" || type === "registry")) return;
  for (const tag of tags) ctx.eventLog.emit({ type: "image", action: "tag", id: imageId, attributes: { name: familiarName(withDefaultTag(parseReference(tag))) } });
  ctx.eventLog.emit({ type: "image", action: "create", id: imageId, attributes: { name: imageId } });
}
