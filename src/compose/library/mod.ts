/** Compose for programs; what they import is `hakobune/compose` (src/compose-library.ts), which brings a builder. */
import type { Project } from "../model/project.ts";
import { down as takeDown, type DownOptions, type DownTarget } from "../run/down.ts";
import { observeContainers } from "../run/observe.ts";
import type { ProgressEvent } from "../run/progress.ts";
import { up as bringUp, type UpOptions } from "../run/up.ts";
import { openEngine, type EngineOptions } from "./engine.ts";
import { RunningProject, runningServices } from "./running.ts";

export { ComposeError, type MistakePlace } from "../errors.ts";
export { loadProject, type LoadProjectOptions } from "../load/load.ts";
export { RemoteFileError, type RemoteFile, type RemoteFiles } from "../load/remote.ts";
export type { LoadSteps, ProjectOptions } from "../load/options.ts";
export type { Project, Service } from "../model/project.ts";
export type { DownOptions, DownTarget } from "../run/down.ts";
export type { ImageWork } from "../run/context.ts";
export type { ObservedContainer } from "../run/observe.ts";
export type { ProgressEvent } from "../run/progress.ts";
export type { Builder, BuildSurroundings, EngineOptions, RegistryLogin } from "./engine.ts";
export type { Address, ExecResult, Output, RunningProject, RunningService } from "./running.ts";

export interface RunOptions extends UpOptions, EngineOptions {
  /** Leaves what there is when something fails. Otherwise a project of which nothing was there before is taken down again. */
  readonly keepOnFailure?: boolean;
}

/**
 * Brings a project up, as `hako compose up --wait` does: what is as it should be is left alone.
 * @throws ComposeError for what is wrong with the project or dies, ApiError for what the engine refuses, ConnectError when there is none
 */
export async function up(project: Project, options: RunOptions = {}): Promise<RunningProject> {
  const context = openEngine(project, options);
  try {
    const wasThere = (await observeContainers(context.client, project.name)).length > 0;
    try {
      await bringUp(context, project, { wait: true, ...options });
    } catch (error) {
      // Who has called it off still wants to find nothing.
      if (!options.keepOnFailure && !wasThere) await takeDown({ ...context, signal: new AbortController().signal }, project, { removeVolumes: true, timeoutSeconds: 1 }).catch(() => undefined);
      throw error;
    }
    const { client } = context;
    return new RunningProject(project, await runningServices(client, project), { client, takeDown: (how) => takeDown(context, project, how) });
  } catch (error) {
    context[Symbol.dispose]();
    throw error;
  }
}

/** Takes a project down, as `hako compose down` does; by its name alone where its files are not at hand. @throws ApiError, ConnectError */
export async function down(target: DownTarget, options: DownOptions & EngineOptions = {}): Promise<void> {
  using context = openEngine("environment" in target ? target : {}, options);
  await takeDown(context, target, options);
}

/** Brings a project up and tells of it: `for await (const event of steps) …`, then `await steps.result`. */
export function upWithProgress(project: Project, options: RunOptions = {}): AsyncIterable<ProgressEvent> & { readonly result: Promise<RunningProject> } {
  const { readable, writable } = new TransformStream<ProgressEvent>({}, { highWaterMark: Infinity }, { highWaterMark: Infinity });
  const writer = writable.getWriter();
  let isOver = false;
  const result = up(project, {
    ...options,
    onProgress: (event) => {
      // How it goes down again is nobody's news any more.
      if (!isOver) void writer.write(event);
      options.onProgress?.(event);
    },
  });
  const finish = (): void => {
    isOver = true;
    void writer.close();
  };
  void result.then(finish, finish);
  return { [Symbol.asyncIterator]: () => readable[Symbol.asyncIterator](), result };
}
