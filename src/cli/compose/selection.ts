import { ComposeError, type Project, type Selection } from "../../compose/mod.ts";
import type { Invocation } from "../command.ts";
import { openProject } from "../commands/compose/project-options.ts";

/**
 * Which containers a command is about. A project can be named without its files (`-p`): then the engine's containers tell what it has.
 * @throws ComposeError for files that say something wrong, or are nowhere and nothing is named
 */
export async function selection(invocation: Invocation, services: readonly string[] = invocation.args): Promise<Selection & { readonly project: Project | undefined }> {
  const project = await projectOrName(invocation);
  return typeof project === "string" ? { name: project, project: undefined, services } : { name: project.name, project, services };
}

async function projectOrName(invocation: Invocation): Promise<Project | string> {
  const named = invocation.group?.string("project-name") || process.env["COMPOSE_PROJECT_NAME"];
  try {
    return await openProject(invocation, [], undefined, { resolveEnvironment: false });
  } catch (error) {
    const hasFiles = (invocation.group?.list("file") ?? []).length > 0;
    if (named && !hasFiles && error instanceof ComposeError && error.summary.startsWith("no configuration file provided")) return named;
    throw error;
  }
}
