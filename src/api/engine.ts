import * as engine from "../engine/mod.ts";
import type { EngineContext } from "../engine/mod.ts";

/** The use cases the API offers: the engine's own functions, with their context already given. */
const USE_CASES = [
  "createContainer", "startContainer", "stopContainer", "restartContainer", "killContainer", "pauseContainer", "unpauseContainer",
  "renameContainer", "removeContainer", "waitContainer", "listContainers", "inspectContainer", "topContainer", "containerStats", "updateContainer", "changeLabels", "changePorts", "containerReach", "resizeContainer",
  "containerLogs", "clearLogs", "attachContainer", "pruneContainers",
  "statContainerPath", "readContainerPath", "writeContainerPath", "containerChanges", "exportContainer", "commitContainer",
  "createExec", "startExec", "inspectExec", "resizeExec",
  "listImages", "inspectImage", "imageHistory", "tagImage", "removeImage", "importImage", "loadImage", "saveImages", "pruneImages",
  "buildImage", "openBuildSession", "openBuildkitControl", "openBuildkitSession", "listBuilds", "inspectBuild", "buildLogs", "removeBuild", "pruneBuildCache", "pullImage", "pushImage", "registryLogin", "inspectDistribution", "searchImages", "startRegistry", "stopRegistry", "registryStatus",
  "createVolume", "listVolumes", "inspectVolume", "removeVolume", "pruneVolumes", "renameVolume", "saveVolume", "loadVolume",
  "listNetworks", "inspectNetwork", "createNetwork", "removeNetwork", "connectNetwork", "disconnectNetwork", "pruneNetworks",
  "events", "systemInfo", "systemVersion", "systemDf", "checkStore",
] as const;

type UseCase = (typeof USE_CASES)[number];
type Bound<F> = F extends (ctx: EngineContext, ...args: infer Args) => infer Result ? (...args: Args) => Result : never;

/** What the transport needs of an engine. Tests give it one made of memory. */
export type Engine = { readonly [K in UseCase]: Bound<(typeof engine)[K]> };

/** Gives every use case the context, so that routes see only what a request decides. */
export function bindEngine(ctx: EngineContext): Engine {
  const bind = (name: UseCase) => (...args: unknown[]) => (engine[name] as (ctx: EngineContext, ...args: unknown[]) => unknown)(ctx, ...args);
  return Object.fromEntries(USE_CASES.map((name) => [name, bind(name)])) as unknown as Engine;
}
