import { basename, dirname, join, resolve } from "node:path";
import { realpathSync } from "node:fs";
import { readEnvFiles, withMissing, type Environment } from "../environment/read.ts";
import { ComposeError } from "../errors.ts";
import { exists, isFile } from "./files.ts";
import type { ProjectOptions } from "./options.ts";
import { localCopy, type RemoteFile } from "./remote.ts";

const FILE_NAMES = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
const OVERRIDE_NAMES = ["compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml"];

export interface Discovered {
  readonly files: readonly string[];
  /** What relative paths start from: that of the first file from elsewhere, where there is one. */
  readonly folder: string;
  /** Where a project without a name has its name from. */
  readonly namingFolder: string;
  readonly environment: Environment;
}

/** Finds the project's files, its folder and its environment: what was said, then the environment, `.env`, and the usual names. @throws ComposeError */
export function discover(options: ProjectOptions): Discovered {
  const warn = options.onWarning ?? (() => {});
  const current = options.currentDirectory ?? process.cwd();
  const given = (options.files ?? []).map((file) => found(file, current, options));
  const own = new Map(Object.entries({ PWD: current, ...options.environment }).filter((entry): entry is [string, string] => entry[1] !== undefined));
  const first = withEnvFiles(own, folderOf(options, given, current), options, warn);
  const files = given.length > 0 ? given : (filesOfEnvironment(first, current, options) ?? usualFiles(folderOf(options, [], current), warn).map((path): FoundFile => ({ path })));
  const namingFolder = folderOf(options, files, current);
  const copy = files.find(({ remote }) => remote)?.remote;
  return { files: files.map(({ path }) => path), folder: copy ? dirname(copy.file) : namingFolder, namingFolder, environment: withEnvFiles(first, namingFolder, options, warn) };
}

interface FoundFile {
  /** Absolute, or `-`. */
  readonly path: string;
  readonly remote?: RemoteFile | undefined;
}

function found(file: string, current: string, { remoteFiles = new Map() }: ProjectOptions): FoundFile {
  const remote = localCopy(file, remoteFiles);
  return { path: remote?.file ?? (file === "-" ? file : resolve(current, file)), remote };
}

/** The project's folder; a project from elsewhere is at home where one is. */
function folderOf({ projectDirectory }: ProjectOptions, files: readonly FoundFile[], current: string): string {
  if (projectDirectory) return resolve(current, projectDirectory);
  const file = files.find(({ path }) => path !== "-");
  return file === undefined || file.remote ? current : dirname(file.path);
}

function withEnvFiles(environment: Environment, folder: string, { envFiles = [], currentDirectory = process.cwd() }: ProjectOptions, warn: (message: string) => void): Environment {
  const files = envFiles.length > 0 ? envFiles.map((file) => resolve(currentDirectory, file)) : usualEnvFile(environment, folder);
  return files.length === 0 ? environment : withMissing(environment, readEnvFiles(files, environment, warn));
}

function usualEnvFile(environment: Environment, folder: string): string[] {
  const disabled = environment.get("COMPOSE_DISABLE_ENV_FILE");
  if (disabled !== undefined && isTrue(disabled)) return [];
  const file = join(folder, ".env");
  return isFile(file) ? [file] : [];
}

function isTrue(text: string): boolean {
  if (["1", "t", "T", "TRUE", "true", "True"].includes(text)) return true;
  if (["0", "f", "F", "FALSE", "false", "False"].includes(text)) return false;
  throw new ComposeError(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`, { fix: "set COMPOSE_DISABLE_ENV_FILE to true or false" });
}

function filesOfEnvironment(environment: Environment, current: string, options: ProjectOptions): FoundFile[] | undefined {
  const setting = environment.get("COMPOSE_FILE");
  if (setting === undefined) return undefined;
  return setting.split(environment.get("COMPOSE_PATH_SEPARATOR") || ":").map((file) => {
    const named = found(file, current, options);
    if (named.path !== "-" && !exists(named.path)) throw new ComposeError(`stat ${named.path}: no such file or directory`, { fix: "COMPOSE_FILE names it" });
    return named;
  });
}

/** The nearest folder, upwards, that holds a compose file. */
function usualFiles(start: string, warn: (message: string) => void): string[] {
  for (let folder = start; ; folder = dirname(folder)) {
    const [file] = present(folder, FILE_NAMES, "config", warn);
    if (file !== undefined) return [file, ...present(folder, OVERRIDE_NAMES, "override", warn).slice(0, 1)];
    if (dirname(folder) === folder) return [];
  }
}

function present(folder: string, names: readonly string[], kind: string, warn: (message: string) => void): string[] {
  const found = names.map((name) => join(folder, name)).filter(exists);
  if (found.length > 1) {
    warn(`Found multiple ${kind} files with supported names: ${found.join(", ")}`);
    warn(`Using ${found[0] ?? ""}`);
  }
  return found;
}

/** `COMPOSE_PROFILES`, unless profiles were given. */
export function profilesOf({ profiles = [] }: ProjectOptions, environment: Environment): readonly string[] {
  return profiles.length > 0 ? profiles : (environment.get("COMPOSE_PROFILES") ?? "").split(",").map((profile) => profile.trim());
}

export const normalizeName = (text: string): string => (text.toLowerCase().match(/[a-z0-9_-]/g) ?? []).join("").replace(/^[_-]+/, "");

/** A name that was given must be one; one that the folder has becomes one. */
export function givenName({ projectName }: ProjectOptions, environment: Environment): string | undefined {
  const name = projectName || environment.get("COMPOSE_PROJECT_NAME");
  if (!name) return undefined;
  if (normalizeName(name) !== name) {
    throw new ComposeError(`invalid project name ${JSON.stringify(name)}: must consist only of lowercase alphanumeric characters, hyphens, and underscores as well as start with a letter or number`);
  }
  return name;
}

export function nameOfFolder(folder: string, warn: (message: string) => void): string {
  const name = basename(folder);
  if (exists(folder) && basename(realpathSync(folder)) !== name) warn(`project has been loaded without an explicit name from a symlink. Using name ${JSON.stringify(name)}`);
  return normalizeName(name);
}

