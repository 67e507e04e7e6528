import { configPath, type ConfigProblem, type LoadedConfig } from "./config-file.ts";
import { jsonSyntaxError } from "./json-syntax-error.ts";

/** Docker's warning about a configuration file that it goes on without. */
export function configWarning({ folder, problem }: LoadedConfig): string {
  return problem ? `WARNING: Error parsing config file (${configPath(folder)}): ${reason(problem, configPath(folder))}\n` : "";
}

function reason(problem: ConfigProblem, path: string): string {
  switch (problem.kind) {
    case "notJson":
      return jsonSyntaxError(problem.text) ?? "invalid JSON";
    case "wrongType":
      return `json: cannot unmarshal ${jsonKind(problem.value)} into Go ${problem.key === "" ? "value of type configfile.ConfigFile" : `struct field ConfigFile.${problem.key} of type ${problem.wanted}`}`;
    case "unreadable":
      return readFailure(problem.error, path);
  }
}

function readFailure(error: unknown, path: string): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EISDIR") return `read ${path}: is a directory`;
  if (code === "EACCES") return `open ${path}: permission denied`;
  return error instanceof Error ? error.message : String(error);
}

function jsonKind(value: unknown): string {
  if (Array.isArray(value)) return "array";
  return typeof value === "boolean" ? "bool" : typeof value;
}
