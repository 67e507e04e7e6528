import { resolve } from "node:path";
import { ComposeError } from "../errors.ts";
import { exists, isFile, readText } from "../load/files.ts";
import { readEnvFile } from "./env-file.ts";

export type Environment = ReadonlyMap<string, string>;

export const unsetWarning = (name: string): string => `The ${JSON.stringify(name)} variable is not set. Defaulting to a blank string.`;

/** The variables of env files, later files before earlier ones; those of `environment` may be named in them. @throws ComposeError */
export function readEnvFiles(files: readonly string[], environment: Environment, warn: (message: string) => void): Map<string, string> {
  const variables = new Map<string, string>();
  for (const file of files.map((path) => resolve(path))) {
    if (!exists(file)) throw new ComposeError(`couldn't find env file: ${file}`);
    if (!isFile(file)) throw new ComposeError(`${file} is a directory`);
    const text = readText(file);
    try {
      readEnvFile(text, variables, { get: (name) => environment.get(name) ?? variables.get(name), unset: (name) => warn(unsetWarning(name)) });
    } catch (error) {
      throw new ComposeError(`failed to read ${file}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return variables;
}

/** `environment` with what it does not have yet. */
export function withMissing(environment: Environment, others: Environment): Map<string, string> {
  return new Map([...others, ...environment]);
}
