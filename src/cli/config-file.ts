import "./core.ts";
import { fileSystem } from "./file-system.ts";

/** What is read of docker's `config.json`; everything else in it is kept when the file is written. */
export interface ConfigFile {
  readonly psFormat?: string;
  readonly imagesFormat?: string;
  readonly networksFormat?: string;
  readonly volumesFormat?: string;
  readonly statsFormat?: string;
  readonly pluginsFormat?: string;
  readonly detachKeys?: string;
  readonly currentContext?: string;
  readonly credsStore?: string;
  readonly credHelpers?: Readonly<Record<string, string>>;
  readonly HttpHeaders?: Readonly<Record<string, string>>;
  readonly pruneFilters?: readonly string[];
  /** By engine's address, or `default`. */
  readonly proxies?: Readonly<Record<string, ProxyConfig>>;
}

export interface ProxyConfig {
  readonly httpProxy?: string;
  readonly httpsProxy?: string;
  readonly noProxy?: string;
  readonly ftpProxy?: string;
  readonly allProxy?: string;
}

export interface LoadedConfig {
  /** The folder that also holds contexts and certificates. */
  readonly folder: string;
  readonly file: ConfigFile;
  /** Why the file, or a part of it, was left aside. */
  readonly problem?: ConfigProblem;
}

export type ConfigProblem =
  | { readonly kind: "unreadable"; readonly error: unknown }
  | { readonly kind: "notJson"; readonly text: string }
  | { readonly kind: "wrongType"; readonly key: string; readonly value: unknown; readonly wanted: WantedType };

export type WantedType = "string" | "map[string]string" | "[]string" | "map[string]configfile.ProxyConfig";

const TYPES: Readonly<Record<string, WantedType>> = {
  psFormat: "string",
  imagesFormat: "string",
  networksFormat: "string",
  volumesFormat: "string",
  statsFormat: "string",
  pluginsFormat: "string",
  detachKeys: "string",
  currentContext: "string",
  credsStore: "string",
  credHelpers: "map[string]string",
  HttpHeaders: "map[string]string",
  pruneFilters: "[]string",
  proxies: "map[string]configfile.ProxyConfig",
};

export function configFolder(written: string | undefined): string {
  return written ?? (process.env["DOCKER_CONFIG"] || `${process.env["HOME"] ?? ""}/.docker`);
}

export const configPath = (folder: string): string => `${folder}/config.json`;

/** Read at every start, so nothing here may load a module; a file that is not there is an empty one. */
export function loadConfig(folder: string): LoadedConfig {
  let text: string;
  try {
    text = readConfigText(folder);
  } catch (error) {
    return { folder, file: {}, ...(!isAbsent(error) && { problem: { kind: "unreadable", error } }) };
  }
  if (text.trim() === "") return { folder, file: {} };
  try {
    return { folder, ...checked(JSON.parse(text)) };
  } catch {
    return { folder, file: {}, problem: { kind: "notJson", text } };
  }
}

/** By a mapping, for which nothing needs to be loaded; what cannot be mapped, such as an empty file, is read. */
export function readConfigText(folder: string): string {
  const path = configPath(folder);
  try {
    return Buffer.from(Bun.mmap(path, { shared: false })).toString();
  } catch (error) {
    if (isAbsent(error)) throw error;
    return fileSystem().readFileSync(path, "utf8");
  }
}

const isAbsent = (error: unknown): boolean => error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");

function checked(value: unknown): Pick<LoadedConfig, "file" | "problem"> {
  if (!isObject(value)) return value === null ? { file: {} } : { file: {}, problem: { kind: "wrongType", key: "", value, wanted: "string" } };
  let problem: ConfigProblem | undefined;
  const file: Record<string, unknown> = {};
  for (const [key, member] of Object.entries(value)) {
    const wanted = TYPES[key];
    if (member === null || wanted === undefined) continue;
    if (hasType(member, wanted)) file[key] = member;
    else problem ??= { kind: "wrongType", key, value: member, wanted };
  }
  return { file, ...(problem && { problem }) };
}

function hasType(value: unknown, wanted: WantedType): boolean {
  switch (wanted) {
    case "string":
      return typeof value === "string";
    case "[]string":
      return Array.isArray(value) && value.every((item) => typeof item === "string");
    case "map[string]string":
      return isObject(value) && Object.values(value).every((item) => typeof item === "string");
    case "map[string]configfile.ProxyConfig":
      return isObject(value) && Object.values(value).every((item) => hasType(item, "map[string]string"));
  }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
