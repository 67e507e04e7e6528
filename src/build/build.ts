import { globalArguments, predefinedArguments, PROXY_ARGS, stageBases, targetStage, type Dockerfile, type SourceRange, type Source } from "../dockerfile/mod.ts";
import { EngineError } from "../base/mod.ts";
import { buildError } from "./build-error.ts";
import type { BuildClient } from "./client.ts";
import { loadDefinition } from "./definition.ts";
import { exportResults, type Exported } from "./exporters/export.ts";
import { provenanceMode } from "./exporters/provenance.ts";
import { convert, type Target } from "./frontend/convert.ts";
import { argumentPlatform, OWN_PLATFORM } from "./frontend/platform.ts";
import { sourceFinder } from "./frontend/source-finder.ts";
import type { Step } from "./frontend/stage-state.ts";
import { emptyVertex } from "./frontend/run.ts";
import type { Vertex } from "./graph/vertex.ts";
import type { Tell } from "./internal-vertex.ts";
import { checkAnswer, outlineAnswer, targetsAnswer } from "./calls.ts";
import { checkFile, tellWarnings } from "./checks.ts";
import type { BuildDeps } from "./ports.ts";
import type { BuildRequest, BuildResult } from "./request.ts";

export interface BuildOptions {
  /** Told before anything is run, of the first platform. */
  readonly planned?: (steps: readonly Step[], file: Dockerfile) => void;
}

/**
 * From a Dockerfile to an image, or whatever is asked for. Rejects with BuildError, which has the place in the Dockerfile, with the reason of `signal`,
 * or with the client's going away. Nothing of it stays but the cache.
 */
export async function build(deps: BuildDeps, request: BuildRequest, client: BuildClient, tell: Tell, signal: AbortSignal, { planned }: BuildOptions = {}): Promise<BuildResult> {
  const startedMs = Date.now();
  const places = new Map<string, { readonly source: Source; readonly range: SourceRange }>();
  try {
    signal.throwIfAborted();
    checkRequest(request);
    const { file, remote, definition } = await loadDefinition(deps, { request, client, tell, signal });
    const platforms = request.platforms.length > 0 ? request.platforms : [OWN_PLATFORM];
    const severalPlatforms = platforms.length > 1;
    const epoch = epochOf(request);
    const sources = sourceFinder({ request, client, images: deps.images, resolveGit: (url, ref, stop) => deps.resolveGit(url, ref, stop), resolveHttp: (url, stop) => deps.resolveHttp(url, stop), remote, severalPlatforms, tell, signal });
    const targets: Target[] = [];
    const answer = request.call === "targets" || request.call === "outline" ? callAnswer(file, request) : undefined;
    if (answer) return { ...NOTHING, answer };
    try {
      for (const platform of platforms) targets.push(await convert({ file, request, platform, severalPlatforms, sources, created: epoch }));
    } finally {
      // What is wrong may be what a warning is about.
      if (targets.length === 0) tellWarnings(tell, file, definition, checkFile(file, request, platforms[0] ?? OWN_PLATFORM, undefined));
    }
    const checked = checkFile(file, request, platforms[0] ?? OWN_PLATFORM, targets[0]);
    if (request.call === "check") return { ...NOTHING, answer: checkAnswer(file, checked) };
    tellWarnings(tell, file, definition, checked);
    if (checked.violation !== undefined) throw new EngineError("InvalidParameter", checked.violation);
    for (const { steps } of targets) for (const { vertex, range } of steps) if (vertex) notePlace(places, vertex, { source: file.source, range });
    planned?.(targets[0]?.steps ?? [], file);
    await using solved = await deps.solver.solve(targets.map(({ vertex }) => vertex ?? emptyVertex()), { client, tell, signal, keepFailed: request.keepFailed, steps: { limits: request.resources, proxyEnv: proxyEnvOf(request) } });
    const exported: Exported[] = targets.map((target, index) => ({ target, layers: target.vertex === undefined ? [] : (solved.results[index]?.layers ?? []) }));
    return await exportResults(deps, exported, { request, client, tell, signal, epoch, startedMs, file });
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw buildError(error, (vertex) => places.get(vertex.digest));
  }
}

const NOTHING: BuildResult = { imageId: undefined, descriptor: undefined, metadata: {} };

function callAnswer(file: Dockerfile, { call, target, buildArgs, platforms }: BuildRequest): NonNullable<BuildResult["answer"]> {
  const platform = argumentPlatform(platforms[0] ?? OWN_PLATFORM);
  const globals = globalArguments(file, predefinedArguments({ buildPlatform: argumentPlatform(OWN_PLATFORM), targetPlatform: platform, target, buildArgs }), buildArgs);
  const bases = stageBases(file, globals);
  return call === "targets" ? targetsAnswer(file, bases) : outlineAnswer({ file, bases, globals, buildArgs, target: targetStage(file, target) });
}

/** Vertices that only prepare something fail in the name of the step that they are for. */
function notePlace(places: Map<string, { readonly source: Source; readonly range: SourceRange }>, vertex: Vertex, place: { readonly source: Source; readonly range: SourceRange }): void {
  if (places.has(vertex.digest)) return;
  places.set(vertex.digest, place);
  for (const [index, input] of vertex.inputs.entries()) if ((input.stage === "" && input.op.kind !== "local") || (vertex.op.kind === "merge" && index === 1)) notePlace(places, input, place);
}

function checkRequest(request: BuildRequest): void {
  const { cacheTo, cacheFrom, exporters } = request;
  provenanceMode(request);
  const unknown = exporters.find(({ type }) => !["image", "docker", "oci", "tar", "local", "registry", "cacheonly"].includes(type));
  if (unknown) throw new EngineError("InvalidParameter", `exporter ${JSON.stringify(unknown.type)} could not be found`);
  const [cache] = cacheTo;
  if (cache) throw new EngineError("NotImplemented", `cache export to ${JSON.stringify(cache.type)} is not supported yet: leave out --cache-to`);
  for (const { type } of cacheFrom) if (!["registry", "local", "inline", "gha", "s3", "azblob"].includes(type)) throw new EngineError("InvalidParameter", `unknown cache importer: ${JSON.stringify(type)}`);
}

/** Proxies need no ARG; steps have them, and nothing keeps them. */
function proxyEnvOf({ buildArgs }: BuildRequest): string[] {
  return PROXY_ARGS.filter((name) => buildArgs[name]).map((name) => `${name}=${buildArgs[name]}`);
}

/** @returns RFC 3339 */
function epochOf({ sourceDateEpoch, buildArgs }: BuildRequest): string | undefined {
  const written = buildArgs["SOURCE_DATE_EPOCH"];
  if (sourceDateEpoch === undefined && (written === undefined || written === "")) return undefined;
  if (sourceDateEpoch === undefined && !/^-?\d{1,12}$/.test(written ?? "")) throw new EngineError("InvalidParameter", `invalid SOURCE_DATE_EPOCH: ${written}: strconv.ParseInt: parsing ${JSON.stringify(written)}: invalid syntax`);
  const seconds = sourceDateEpoch ?? Number(written);
  return new Date(seconds * 1000).toISOString().replace(/\.000Z$/, "Z");
}
