import { resolve } from "node:path";
import { ALL_STEPS, loadProject, loadProjectTree, readDescriptor, RemoteFileError, type LoadedTree, type LoadProjectOptions, type RemoteFile, type LoadSteps, type Project, type ProjectOptions } from "../../../compose/mod.ts";
import type { Invocation } from "../../command.ts";
import { Failure } from "../../failure.ts";
import type { Flags } from "../../flags.ts";
import { err } from "../../output.ts";
import { isTerminal } from "../../terminal.ts";

/** A command looks at a project more than once; what it has seen does not change under it. */
const FETCHED = new Map<string, RemoteFile>();

/** The project that the words before a compose command's name speak of. */
export function projectOptions({ group }: Pick<Invocation, "group">): ProjectOptions {
  if (!group) throw new Error("a compose command is called within its group");
  const given = group.list("env-file");
  return {
    files: group.list("file"),
    projectName: group.string("project-name") ?? "",
    projectDirectory: projectDirectory(group),
    envFiles: (given.length > 0 ? given : (process.env["COMPOSE_ENV_FILES"] ?? "").split(",").filter((file) => file !== "")).map((file) => resolve(file)),
    profiles: group.list("profile"),
    environment: process.env,
    standardInput: () => readDescriptor(0, "standard input"),
    onWarning: warn,
  };
}

function projectDirectory(group: Flags): string {
  const old = group.string("workdir");
  const folder = group.string("project-directory");
  if (!old) return folder ?? "";
  if (folder) throw new Failure('cannot specify DEPRECATED "--workdir" and "--project-directory". Please use only "--project-directory" instead');
  err("option '--workdir' is DEPRECATED at root level! Please use '--project-directory' instead.\n");
  return old;
}

/** As docker-compose warns: on a terminal for people, elsewhere for programs. */
export function warn(message: string): void {
  if (isTerminal(2)) {
    const label = process.env["NO_COLOR"] ? "WARN" : "\u001b[33mWARN\u001b[0m";
    return err(`${label}[0000] ${message}\n`);
  }
  const time = new Date().toISOString().replace(/\.\d+Z$/, "Z");
  err(`time="${time}" level=warning msg=${JSON.stringify(message)}\n`);
}

/** The project, as every command but `config` sees it. */
export async function openProject(invocation: Invocation, services: readonly string[] = [], steps: LoadSteps = ALL_STEPS, others: Partial<LoadProjectOptions> = {}): Promise<Project> {
  const options = { services, steps, allResources: invocation.group?.bool("all-resources") ?? false, ...others };
  return await withRemoteFiles(invocation, (own) => loadProject({ ...own, ...options }));
}

/** The project as its files have it. */
export async function openTree(invocation: Invocation, steps: LoadSteps): Promise<LoadedTree["tree"]> {
  return await withRemoteFiles(invocation, (options) => loadProjectTree(options, steps).tree);
}

/** Loads, and where that wants a file from elsewhere fetches it and loads again. */
async function withRemoteFiles<T>(invocation: Invocation, load: (options: ProjectOptions) => T): Promise<T> {
  const said = new Set<string>();
  const onWarning = (message: string): void => {
    if (!said.has(message)) warn(message);
    said.add(message);
  };
  const options = { ...projectOptions(invocation), onWarning };
  for (;;) {
    try {
      return load({ ...options, remoteFiles: FETCHED });
    } catch (error) {
      if (!(error instanceof RemoteFileError)) throw error;
      FETCHED.set(error.address, await (await import("../../compose/remote/fetch.ts")).fetchRemoteFile(error, invocation.config));
    }
  }
}
