import { existsSync, readFileSync, statSync } from "node:fs";
import { readDefinition, bakeTargets, type Definition, type DefinitionFile } from "../../bake/mod.ts";
import { ALL_STEPS, loadProject } from "../../compose/mod.ts";
import { Failure } from "../failure.ts";
import { fileFailure } from "../file-failure.ts";
import { readRemote } from "./remote-definitions.ts";

/** Looked for where no -f is given, those that are there one on top of the other. */
export const DEFAULT_FILES: readonly string[] = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml", "docker-bake.json", "docker-bake.hcl", "docker-bake.override.json", "docker-bake.override.hcl"];
export const MAX_DEFINITION_BYTES = 4 << 20;
/** A file of this machine, whatever the others are. */
const HERE = "cwd://";

/** A definition's file under the name that messages have for it. */
export interface FoundFile {
  readonly name: string;
  readonly path: string;
}

/** What `-f`, or BUILDX_BAKE_FILE, or the usual names say, all of it read; Compose files below the others. @throws Failure, DefinitionError, ComposeError */
export async function readDefinitions(given: readonly string[], url: string | undefined): Promise<Definition> {
  const names = given.length > 0 ? given : filesOfEnvironment();
  if (url === undefined) return definitionOf(localFiles(names, true));
  await using remote = await readRemote(url, names.filter((name) => !name.startsWith(HERE)));
  return definitionOf([...remote.files, ...localFiles(names.filter((name) => name.startsWith(HERE)), false)]);
}

function localFiles(names: readonly string[], usual: boolean): FoundFile[] {
  const paths = names.length === 0 && usual ? DEFAULT_FILES.filter((path) => existsSync(path)) : names.map((name) => (name.startsWith(HERE) ? name.slice(HERE.length) : name));
  return paths.map((path) => ({ name: path, path }));
}

function filesOfEnvironment(): string[] {
  const names = (process.env["BUILDX_BAKE_FILE"] ?? "").split(process.env["BUILDX_BAKE_FILE_SEPARATOR"] || ":").map((name) => name.trim()).filter((name) => name !== "");
  for (const name of names) if (name !== "-" && !statSync(name, { throwIfNoEntry: false })) throw new Failure(`ERROR: stat ${name}: no such file or directory`);
  return names;
}

const isCompose = ({ name }: FoundFile): boolean => /\.ya?ml$/.test(name);

function definitionOf(files: readonly FoundFile[]): Definition {
  if (files.length === 0) throw new Failure("ERROR: couldn't find a bake definition");
  const compose = files.filter(isCompose);
  const others = files.filter((file) => !isCompose(file)).map(({ name, path }) => ({ name, text: read(path) }));
  // Paths in them start from where the command is, as those of the other files do.
  const project = compose.length === 0 ? undefined : loadProject({ files: compose.map(({ path }) => path), profiles: ["*"], environment: process.env, steps: { ...ALL_STEPS, resolvePaths: false } });
  return readDefinition([...(project ? [asDefinition(bakeTargets(project))] : []), ...others]);
}

function read(path: string): string {
  try {
    const text = readFileSync(path === "-" ? 0 : path, "utf8");
    if (text.length > MAX_DEFINITION_BYTES) throw new Failure(`ERROR: ${path} is larger than ${MAX_DEFINITION_BYTES} bytes`);
    return text;
  } catch (error) {
    throw error instanceof Failure ? error : fileFailure("open", path, error);
  }
}

/** What Compose files say, as a definition of its own. */
function asDefinition(targets: Readonly<Record<string, unknown>>): DefinitionFile {
  const escaped = JSON.stringify({ group: { default: { targets: Object.keys(targets).toSorted() } }, target: targets }, (_, value: unknown) => (typeof value === "string" ? value.replace(/[$%](?=\{)/g, "$&$&") : value));
  return { name: "compose.json", text: escaped };
}
