import { lstatSync, realpathSync } from "node:fs";
import { isAbsolute, join as joinPath } from "node:path";
import { ComposeError } from "../errors.ts";
import { isRemote as isRemoteFile } from "../load/remote.ts";
import { entryOf, isMapping, scalar, stringOf, withEntries, type MappingNode, type Node } from "../tree/node.ts";
import { applyRules, rulesOf } from "../tree/rules.ts";

export interface PathContext {
  /** The folder that relative paths start from; relative itself while a file that another extends is loaded. */
  readonly folder: string;
  readonly home: string | undefined;
}

type Resolve = (node: Node, path: string, context: PathContext) => Node;

const isWindowsPath = (path: string): boolean => /^(?:[A-Za-z]:[\\/]|\\\\)/.test(path);

const expandHome = (path: string, home: string | undefined): string => (path.startsWith("~") && home !== undefined ? joinPath(home, path.slice(1)) : path);

/** A path as seen from the project's folder. */
export function resolvePath(path: string, { folder, home }: PathContext): string {
  const expanded = expandHome(path, home);
  return expanded === "" || isAbsolute(expanded) || isWindowsPath(expanded) ? expanded : withoutTrailingSlash(joinPath(folder, expanded));
}

const withoutTrailingSlash = (path: string): string => (path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path);

const resolveText: Resolve = (node, _, context) => {
  const text = stringOf(node);
  return text === undefined ? node : scalar(resolvePath(text, context), node.at);
};

const isRemote = (context: string): boolean => context.includes("://") || /^(?:service:|github\.com\/|git@)/.test(context);

const resolveContext: Resolve = (node, path, context) => (isRemote(stringOf(node) ?? "") ? node : resolveText(node, path, context));

const resolveFile: Resolve = (node, path, context) => (isRemoteFile(stringOf(node) ?? "") ? node : resolveText(node, path, context));

/** Watched paths are reported by the kernel under their real names. */
const resolveWatched: Resolve = (node, _, context) => {
  const text = stringOf(node);
  return text === undefined ? node : scalar(withoutFirstLink(resolvePath(text, context)), node.at);
};

function withoutFirstLink(path: string): string {
  let at = "";
  for (const part of path.split("/").filter((name) => name !== "")) {
    at = `${at}/${part}`;
    const entry = lstatSync(at, { throwIfNoEntry: false });
    if (!entry) return path;
    if (entry.isSymbolicLink()) return path.replace(at, realpathSync(at));
  }
  return path;
}

const resolveMount: Resolve = (node, path, context) => {
  if (!isMapping(node) || stringOf(node.entries.get("type")) !== "bind") return node;
  const source = node.entries.get("source");
  if (!source) throw new ComposeError('invalid mount config for type "bind": field Source must not be empty', { at: node.at, path, fix: "add source:, a path on this machine" });
  return withEntries(node, { source: resolveText(source, path, context) });
};

/** A volume of the local driver may be a folder of this machine. */
const resolveDevice: Resolve = (node, path, context) => {
  if (!isMapping(node) || stringOf(node.entries.get("driver")) !== "local") return node;
  const options = node.entries.get("driver_opts");
  const device = entryOf(options, "device");
  if (!isMapping(options) || !device || stringOf(options.entries.get("o")) !== "bind") return node;
  return withEntries(node, { driver_opts: withEntries(options, { device: resolveText(device, path, context) }) });
};

const RULES = rulesOf<Resolve>({
  "services.*.build.additional_contexts.*": resolveContext,
  "services.*.build.context": resolveContext,
  "services.*.build.ssh.*": resolveText,
  "services.*.develop.watch.*.path": resolveWatched,
  "services.*.env_file.*.path": resolveText,
  "services.*.extends.file": resolveFile,
  "services.*.label_file.*": resolveText,
  "services.*.volumes.*": resolveMount,
  "configs.*.file": resolveText,
  "secrets.*.file": resolveText,
  "volumes.*": resolveDevice,
});

/** The project with its relative paths made absolute, or relative to another folder. */
export function resolvePaths(project: MappingNode, context: PathContext): MappingNode {
  const resolved = applyRules(project, RULES, (resolve, node, path) => resolve(node, path, context));
  return isMapping(resolved) ? resolved : project;
}
