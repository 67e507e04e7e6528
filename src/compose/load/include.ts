import { dirname, isAbsolute, relative, resolve } from "node:path";
import { readEnvFiles, withMissing } from "../environment/read.ts";
import { ComposeError } from "../errors.ts";
import { entryOf, isMapping, isSequence, mapping, sameNode, stringOf, textOf, withEntries, type MappingNode, type Node } from "../tree/node.ts";
import type { FileContext } from "./documents.ts";
import { isFile, isFolder } from "./files.ts";
import { localCopy } from "./remote.ts";

const RESOURCES = ["services", "volumes", "networks", "secrets", "configs", "models"];

type LoadFiles = (files: readonly string[], context: FileContext) => MappingNode;

/** The project with what it includes. @throws ComposeError, for a cycle and for what both define differently */
export function applyIncludes(project: MappingNode, file: string, context: FileContext, loadFiles: LoadFiles): MappingNode {
  const includes = project.entries.get("include");
  if (!includes) return project;
  if (!isSequence(includes)) throw new ComposeError(`\`include\` must be a list, got ${textOf(includes)}`, { at: includes.at, path: "include" });
  let result = withEntries(project, { include: undefined });
  for (const item of includes.items) result = withImported(result, includeOne(item, file, context, loadFiles), item);
  return result;
}

function includeOne(item: Node, file: string, context: FileContext, loadFiles: LoadFiles): MappingNode {
  const { baseFolder } = context;
  const paths = textsOf(stringOf(item) === undefined ? entryOf(item, "path") : item);
  context.includes.push(...paths);
  const copies = paths.map((path) => localCopy(path, context.remoteFiles, { at: item.at, path: "include" }));
  const files = paths.map((path, index) => copies[index]?.file ?? resolve(baseFolder, path));
  const [main] = files;
  if (main === undefined) throw new ComposeError("include: path is required", { at: item.at, path: "include", fix: "add path:" });
  const including = [...context.including, file];
  if (including.includes(main)) throw new ComposeError(`include cycle detected:\n${including[0]}\n include ${[...including.slice(1), main].join("\n include ")}`, { at: item.at, path: "include" });
  const folder = stringOf(entryOf(item, "project_directory"));
  const base = folder ? resolve(baseFolder, folder) : dirname(main);
  // Of a folder that is not there, the one above it counts.
  const placed = isFolder(base) ? base : dirname(base);
  const own = copies[0] ? base : folder !== undefined && isAbsolute(folder) ? folder : relative(baseFolder, placed);
  return loadFiles(files, { ...context, folder: own, baseFolder: base, including, environment: environmentOf(item, base, context) });
}

function environmentOf(item: Node, base: string, { environment, baseFolder, warn }: FileContext): FileContext["environment"] {
  const given = textsOf(entryOf(item, "env_file")).map((path) => resolve(baseFolder, path));
  const usual = resolve(base, ".env");
  const files = given.length > 0 ? given : isFile(usual) ? [usual] : [];
  return files.length === 0 ? environment : withMissing(environment, readEnvFiles(files, environment, warn));
}

const textsOf = (node: Node | undefined): string[] => (node === undefined ? [] : isSequence(node) ? node.items.map(textOf) : [textOf(node)]);

function withImported(project: MappingNode, imported: MappingNode, item: Node): MappingNode {
  const changes: Record<string, Node> = {};
  for (const kind of RESOURCES) {
    const from = imported.entries.get(kind);
    if (!isMapping(from)) continue;
    const own = project.entries.get(kind);
    const merged = new Map(isMapping(own) ? own.entries : []);
    for (const [name, resource] of from.entries) {
      const known = merged.get(name);
      if (known && !sameNode(known, resource)) {
        throw new ComposeError(`${kind}.${name} conflicts with imported resource`, { at: known.at ?? item.at, path: `${kind}.${name}`, fix: "give one of them another name, or put the changes into an override file listed in the include's path" });
      }
      merged.set(name, resource);
    }
    changes[kind] = mapping(merged, isMapping(own) ? own.at : from.at);
  }
  return withEntries(project, changes);
}
