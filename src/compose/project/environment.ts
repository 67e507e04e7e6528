import { readEnvFile, readRawEnvFile } from "../environment/env-file.ts";
import { unsetWarning } from "../environment/read.ts";
import { ComposeError } from "../errors.ts";
import { exists, readText } from "../load/files.ts";
import type { Project, Service } from "../model/project.ts";
import type { EnvFile } from "../model/service.ts";

export interface ResolveFiles {
  /** Reads env files too, not only label files. */
  readonly environment: boolean;
  /** Label files are no longer named once they are read. A container's hash names them. */
  readonly discardLabelFiles: boolean;
  readonly warn: (message: string) => void;
}

/** The project with what env files and label files say written into its services, and env files no longer named. @throws ComposeError for a file that is missing */
export function resolveFiles(project: Project, { environment, discardLabelFiles, warn }: ResolveFiles): Project {
  const resolve = (service: Service): Service => {
    const labelled = withLabels(service, discardLabelFiles, warn);
    return environment ? withEnvironment(labelled, project, warn) : labelled;
  };
  return { ...project, services: Object.fromEntries(Object.entries(project.services).map(([name, service]) => [name, resolve(service)])) };
}

function withEnvironment(service: Service, project: Project, warn: (message: string) => void): Service {
  const { env_file: files = [], environment = {}, ...others } = service;
  const said: Record<string, string | null> = {};
  for (const [name, value] of Object.entries(environment)) said[name] = value ?? project.environment.get(name) ?? null;
  const variables = new Map(Object.entries(said).filter((entry): entry is [string, string] => entry[1] !== null));
  for (const file of files) readInto(variables, file, { get: (name) => project.environment.get(name) ?? said[name] ?? undefined, unset: (name) => warn(unsetWarning(name)) });
  const all = { ...Object.fromEntries(variables), ...said };
  return Object.keys(all).length === 0 ? others : { ...others, environment: all };
}

function withLabels(service: Service, discard: boolean, warn: (message: string) => void): Service {
  const { label_file: files = [], ...plain } = service;
  if (files.length === 0) return plain;
  const others = discard ? plain : service;
  const labels = new Map<string, string>();
  for (const path of files) {
    if (!exists(path)) throw new ComposeError(`label file ${path} not found: stat ${path}: no such file or directory`, { path: `services.${service.name}.label_file` });
    readInto(labels, { path }, { get: (name) => labels.get(name), unset: (name) => warn(unsetWarning(name)) });
  }
  const all = { ...Object.fromEntries(labels), ...service.labels };
  return Object.keys(all).length === 0 ? others : { ...others, labels: all };
}

function readInto(variables: Map<string, string>, { path = "", required, format }: EnvFile, lookup: Parameters<typeof readEnvFile>[2]): void {
  if (!exists(path)) {
    if (required === false) return;
    throw new ComposeError(`env file ${path} not found: stat ${path}: no such file or directory`, { fix: "write the file, or add required: false to it" });
  }
  if (format !== undefined && format !== "raw") throw new ComposeError(`unsupported env_file format ${JSON.stringify(format)}`, { fix: "the only format to name is raw" });
  const text = readText(path);
  try {
    if (format === "raw") readRawEnvFile(text, variables, lookup);
    else readEnvFile(text, variables, lookup);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new ComposeError(format === "raw" ? `failed to parse env_file ${path}: ${message}` : `failed to read ${path}: ${message}`);
  }
}
