import { checkConsistency } from "../check/consistency.ts";
import type { Environment } from "../environment/read.ts";
import { ComposeError } from "../errors.ts";
import { MissingVariableError, substitute, TemplateError } from "../interpolation/template.ts";
import { decodeProject, type Project } from "../model/project.ts";
import { resolveFiles } from "../project/environment.ts";
import { withReplicas } from "../project/scale.ts";
import { withProfiles } from "../project/select.ts";
import { entryOf, stringOf, type MappingNode } from "../tree/node.ts";
import { discover, givenName, nameOfFolder, normalizeName, profilesOf, type Discovered } from "./discover.ts";
import { documentsOf, type FileContext } from "./documents.ts";
import { normalize } from "./normalize.ts";
import { ALL_STEPS, type LoadSteps, type ProjectOptions } from "./options.ts";
import { loadTree } from "./tree.ts";

export interface LoadedTree {
  readonly tree: MappingNode;
  readonly name: string;
  readonly found: Discovered;
  /** What the files include, as they name it. */
  readonly includes: readonly string[];
}

/** Finds, reads, merges and completes a project's files. @throws ComposeError */
export function loadProjectTree(options: ProjectOptions, steps: LoadSteps = ALL_STEPS): LoadedTree {
  const warn = onceEach(options.onWarning);
  const discovered = discover({ ...options, onWarning: warn });
  if (discovered.files.length === 0) throw new ComposeError("no configuration file provided: not found", { fix: "write compose.yaml, or name a file with -f" });
  const context = contextOf(discovered, options, steps, warn);
  const name = projectName(options, discovered, context);
  const environment = new Map([...discovered.environment, ["COMPOSE_PROJECT_NAME", name] as const]);
  const found = { ...discovered, environment };
  // What is shown before variables are replaced shows nothing of the environment at all.
  const used = steps.interpolate ? environment : new Map([["COMPOSE_PROJECT_NAME", name]]);
  const tree = loadTree(discovered.files, { ...context, environment: used });
  if (tree.entries.size === 0) throw new ComposeError("empty compose file");
  if (name === "") throw new ComposeError("project name must not be empty", { fix: "add name: to the file, or use -p" });
  return { tree: steps.normalize ? normalize(tree, name, used) : tree, name, found, includes: context.includes };
}

/** The same sentence is said once. */
function onceEach(tell: ((message: string) => void) | undefined): (message: string) => void {
  const said = new Set<string>();
  return (message) => {
    if (said.has(message)) return;
    said.add(message);
    tell?.(message);
  };
}

function contextOf({ folder, environment }: Discovered, { standardInput, remoteFiles = new Map() }: ProjectOptions, steps: LoadSteps, warn: (message: string) => void): FileContext {
  let text: string | undefined;
  return { steps, environment, folder, baseFolder: folder, home: environment.get("HOME"), warn, readStandardInput: () => (text ??= standardInput?.() ?? ""), remoteFiles, including: [], includes: [], documents: new Map() };
}

function projectName(options: ProjectOptions, { files, namingFolder, environment }: Discovered, context: FileContext): string {
  const given = givenName(options, environment);
  if (given !== undefined) return given;
  const written = files.flatMap((file) => documentsOf(file, context).map((document) => stringOf(entryOf(document, "name")) ?? "")).filter((name) => name !== "");
  const last = written.at(-1);
  if (last === undefined) return nameOfFolder(namingFolder, context.warn);
  const name = context.steps.interpolate ? interpolatedName(last, environment) : last;
  return context.steps.normalize ? normalizeName(name) : name;
}

function interpolatedName(name: string, environment: Environment): string {
  try {
    return substitute(name, { get: (variable) => environment.get(variable) });
  } catch (error) {
    if (error instanceof MissingVariableError || error instanceof TemplateError) throw new ComposeError(`error while interpolating name: ${error.message}`, { path: "name" });
    throw error;
  }
}

export interface ResolveOptions {
  readonly steps?: LoadSteps;
  /** Reads the files that `env_file` names into `environment`. */
  readonly resolveEnvironment?: boolean;
  readonly discardLabelFiles?: boolean;
}

/** Loads a project: all of it, whatever its services are used for. @throws ComposeError */
export function loadWholeProject(options: ProjectOptions, { steps = ALL_STEPS, resolveEnvironment = true, discardLabelFiles = false }: ResolveOptions = {}): Project {
  const { tree, name, found, includes } = loadProjectTree(options, steps);
  const profiles = profilesOf(options, found.environment);
  const all: Project = {
    ...decodeProject(tree),
    name,
    workingDir: found.folder,
    composeFiles: found.files,
    includes,
    envFiles: options.envFiles ?? [],
    environment: found.environment,
    profiles,
    disabledServices: {},
    source: tree,
  };
  const project = withProfiles(all, profiles);
  if (steps.checkConsistency) checkConsistency(project);
  return resolveFiles(steps.checkConsistency ? withReplicas(project) : project, { environment: resolveEnvironment, discardLabelFiles, warn: options.onWarning ?? (() => {}) });
}
