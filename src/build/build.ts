import { DockerfileError, globalArguments, predefinedArguments, stageBases, targetStage, type CheckResult, type Dockerfile } from "../dockerfile/mod.ts";
import { EngineError } from "../base/mod.ts";
import { buildError } from "./build-error.ts";
import { importCaches } from "./cache-import.ts";
import { checkAnswer, outlineAnswer, targetsAnswer } from "./calls.ts";
import { checkFile, tellWarnings } from "./checks.ts";
import type { BuildClient } from "./client.ts";
import { loadDefinition, type Definition } from "./definition.ts";
import { exportResults } from "./exporters/export.ts";
import { provenance } from "./exporters/provenance.ts";
import { convert, type Target } from "./frontend/convert.ts";
import { argumentPlatform, OWN_PLATFORM, platformText } from "./frontend/platform.ts";
import { emptyVertex } from "./frontend/run.ts";
import type { BuildStatement } from "./history/recording.ts";
import { sourceFinder } from "./frontend/source-finder.ts";
import type { Step } from "./frontend/stage-state.ts";
import type { Tell } from "./internal-vertex.ts";
import type { BuildDeps } from "./ports.ts";
import type { BuildRequest, BuildResult } from "./request.ts";
import { checkRequest, epochOf, stepSettings } from "./settings.ts";
import { StepPlaces } from "./step-places.ts";

export interface BuildOptions {
  /** Told before anything is run, of the first platform. */
  readonly planned?: (steps: readonly Step[], file: Dockerfile) => void;
  /** Told how each platform's result was made, when it has been exported. */
  readonly attested?: (statements: readonly BuildStatement[]) => void;
}

/** One build, while it is under way. */
interface Order {
  readonly request: BuildRequest;
  readonly client: BuildClient;
  readonly tell: Tell;
  readonly signal: AbortSignal;
  readonly held: AsyncDisposableStack;
}

const NOTHING: BuildResult = { imageId: undefined, descriptor: undefined, metadata: {} };

/**
 * From a Dockerfile to an image, or whatever is asked for. Rejects with BuildError, which has the place in the Dockerfile, with the reason of `signal`,
 * or with the client's going away. Nothing of it stays but the cache.
 */
export async function build(deps: BuildDeps, request: BuildRequest, client: BuildClient, tell: Tell, signal: AbortSignal, { planned, attested }: BuildOptions = {}): Promise<BuildResult> {
  const startedMs = Date.now();
  const places = new StepPlaces();
  await using held = new AsyncDisposableStack();
  const order: Order = { request, client, tell, signal, held };
  try {
    signal.throwIfAborted();
    checkRequest(request);
    const epoch = epochOf(request);
    const definition = await loadDefinition(deps, order);
    const { file, error: unread } = definition;
    if (unread && request.call === "check") return { ...NOTHING, answer: checkAnswer(file, checkFile(file, request, request.platforms[0] ?? OWN_PLATFORM, undefined), unread) };
    if (unread) throw unread;
    if (request.call === "targets" || request.call === "outline") return { ...NOTHING, answer: callAnswer(file, request) };
    const { targets, checked } = await plan(deps, definition, order, epoch).catch((error: unknown) => {
      if (request.call !== "check" || !(error instanceof DockerfileError)) throw error;
      // A check answers with what stops a build, too.
      return { targets: [], checked: { ...checkFile(file, request, request.platforms[0] ?? OWN_PLATFORM, undefined), error } };
    });
    if (request.call === "check") return { ...NOTHING, answer: checkAnswer(file, checked) };
    if (checked.violation !== undefined) throw new EngineError("InvalidParameter", checked.violation);
    places.note(file, targets);
    planned?.(targets[0]?.steps ?? [], file);
    if (request.cacheFrom.length > 0) await importCaches(deps, order);
    const vertices = targets.map(({ vertex }) => vertex ?? emptyVertex());
    await using solved = await deps.solver.solve(vertices, { client, tell, signal, keepFailed: request.keepFailed, steps: stepSettings(request) });
    const results = targets.map((target, index) => ({ target, layers: target.vertex === undefined ? [] : (solved.results[index]?.layers ?? []) }));
    const result = await exportResults(deps, results, solved.everything, { ...order, epoch, startedMs, file });
    attested?.(results.map((each) => ({ platform: targets.length > 1 ? platformText(each.target.platform) : undefined, ...provenance(each, { request, startedMs, file }, { mode: "max", attrs: {} }) })));
    return result;
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw buildError(error, (vertex) => places.of(vertex));
  }
}

/** The graph of each platform, and what the checks say of it. */
async function plan(deps: BuildDeps, { file, remote, definition }: Definition, { request, client, tell, signal, held }: Order, epoch: string | undefined): Promise<{ readonly targets: readonly Target[]; readonly checked: CheckResult }> {
  const platforms = request.platforms.length > 0 ? request.platforms : [OWN_PLATFORM];
  const [first = OWN_PLATFORM] = platforms;
  const severalPlatforms = platforms.length > 1;
  const { images, resolveGit, resolveHttp } = deps;
  const sources = sourceFinder({ request, client, images, resolveGit, resolveHttp, remote, severalPlatforms, tell, signal, held });
  const targets: Target[] = [];
  try {
    for (const platform of platforms) targets.push(await convert({ file, request, platform, severalPlatforms, sources, created: epoch }));
  } catch (error) {
    // What is wrong may be what a warning is about.
    if (request.call !== "check") tellWarnings(tell, file, definition, checkFile(file, request, first, undefined));
    throw error;
  }
  const checked = checkFile(file, request, first, targets[0]);
  if (request.call !== "check") tellWarnings(tell, file, definition, checked);
  return { targets, checked };
}

function callAnswer(file: Dockerfile, { call, target, buildArgs, platforms }: BuildRequest): NonNullable<BuildResult["answer"]> {
  const platform = argumentPlatform(platforms[0] ?? OWN_PLATFORM);
  const globals = globalArguments(file, predefinedArguments({ buildPlatform: argumentPlatform(OWN_PLATFORM), targetPlatform: platform, target, buildArgs }), buildArgs);
  const bases = stageBases(file, globals);
  return call === "targets" ? targetsAnswer(file, bases) : outlineAnswer({ file, bases, globals, buildArgs, target: targetStage(file, target) });
}
