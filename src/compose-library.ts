/**
 * `hakobune/compose`: Compose for programs, tests above all.
 *
 *     import { loadProject, up } from "hakobune/compose";
 *
 *     const project = loadProject({ files: ["compose.yaml"], projectName: "test-1", environment: process.env });
 *     await using shop = await up(project);
 *     const { host, port } = shop.address("web", 80);
 *
 * `up` resolves when everything runs and is healthy; at the end of the block the project is taken down.
 */
import * as library from "./compose/library/mod.ts";
import type { Builder, Project, ProgressEvent, RunningProject, RunOptions } from "./compose/library/mod.ts";

export * from "./compose/library/mod.ts";

/** Half of the command line: loaded where something is built. */
const builder: Builder = async (...build) => await (await import("./cli/mod.ts")).buildForProgram(...build);

/**
 * Brings a project up, as `hako compose up --wait` does: what is as it should be is left alone, what is not there is pulled or built.
 * @throws ComposeError for what is wrong with the project or dies, ApiError for what the engine refuses, ConnectError when there is none
 */
export async function up(project: Project, options: RunOptions = {}): Promise<RunningProject> {
  return await library.up(project, { builder, ...options });
}

/** Brings a project up and tells of it: `for await (const event of steps) …`, then `await steps.result`. */
export function upWithProgress(project: Project, options: RunOptions = {}): AsyncIterable<ProgressEvent> & { readonly result: Promise<RunningProject> } {
  return library.upWithProgress(project, { builder, ...options });
}
