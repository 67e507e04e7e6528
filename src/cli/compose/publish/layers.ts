import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { COMPOSE_VERSION, portableFile, type NeededFile, type Project } from "../../../compose/mod.ts";
import { ENV_FILE, FILE } from "../remote/media.ts";

/** A file of the artifact. */
export interface Layer {
  readonly mediaType: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array;
}

const version = { "com.docker.compose.version": COMPOSE_VERSION };

export const composeLayer = (name: string, text: string): Layer => ({ mediaType: FILE, annotations: { "com.docker.compose.file": name, ...version }, bytes: Buffer.from(text) });

/** The project's files, those that they extend and, where they may go, env files; the last two under names that say nothing of this machine. @throws ComposeError */
export function layersOf({ composeFiles, environment, workingDir }: Project, withEnvironment: boolean): Layer[] {
  const needed = new Map<string, NeededFile>();
  const portable = (file: string, folder: string): string => {
    const { text, needs } = portableFile(file, { environment, folder, nameOf });
    for (const need of needs) needed.set(need.path, need);
    return text;
  };
  const layers = composeFiles.map((file) => composeLayer(basename(file), portable(file, workingDir)));
  // Grows while it is walked: what is extended may extend.
  for (const { kind, path } of needed.values()) if (kind === "extends") layers.push(extendedLayer(nameOf({ kind, path }), portable(path, dirname(path))));
  const envFiles = [...needed.values()].filter(({ kind, path }) => kind === "envFile" && existsSync(path));
  return withEnvironment ? [...layers, ...envFiles.map((file) => ({ mediaType: ENV_FILE, annotations: { "com.docker.compose.envfile": nameOf(file), ...version }, bytes: readFileSync(file.path) }))] : layers;
}

const extendedLayer = (name: string, text: string): Layer => ({ mediaType: FILE, annotations: { "com.docker.compose.extends": "true", "com.docker.compose.file": name, ...version }, bytes: Buffer.from(text) });

const nameOf = ({ kind, path }: NeededFile): string => `${createHash("sha256").update(path).digest("hex")}.${kind === "envFile" ? "env" : "yaml"}`;
