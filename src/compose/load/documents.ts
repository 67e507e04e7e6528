import { ComposeError } from "../errors.ts";
import { interpolate } from "../interpolation/interpolate.ts";
import { mergeProject } from "../merge/merge.ts";
import { EMPTY_MAPPING, isMapping, type MappingNode, type Node, type Source } from "../tree/node.ts";
import { readYaml } from "../yaml/read.ts";
import { unsetWarning, type Environment } from "../environment/read.ts";
import { readSource } from "./files.ts";
import type { LoadSteps } from "./options.ts";
import type { RemoteFiles } from "./remote.ts";

/** What loading a file needs to know; an included file has one of its own. */
export interface FileContext {
  readonly steps: LoadSteps;
  readonly environment: Environment;
  /** What relative paths in the file start from: absolute for the project, relative to the includer's for what it includes. */
  readonly folder: string;
  /** The same, always absolute: where files are looked for. */
  readonly baseFolder: string;
  readonly home: string | undefined;
  readonly warn: (message: string) => void;
  readonly readStandardInput: () => string;
  readonly remoteFiles: RemoteFiles;
  /** Files that are being included, outermost first. */
  readonly including: readonly string[];
  /** Every path of every `include`, as it is written: grows while files are read. */
  readonly includes: string[];
  /** Files as they were read, for the project's name is looked for before its services. */
  readonly documents: Map<string, readonly Node[]>;
}

const sourceOf = (file: string, context: FileContext): Source => (file === "-" ? { file, text: context.readStandardInput() } : readSource(file));

/** The documents of a file as they were written. @throws ComposeError */
export function documentsOf(file: string, context: FileContext): readonly Node[] {
  const known = context.documents.get(file);
  if (known) return known;
  const documents = readYaml(sourceOf(file, context));
  context.documents.set(file, documents);
  return documents;
}

/** The documents of a file, interpolated. @throws ComposeError */
export function* readFile(file: string, context: FileContext): Generator<MappingNode> {
  for (const document of documentsOf(file, context)) {
    if (!isMapping(document)) throw new ComposeError("top-level object must be a mapping", { at: document.at });
    yield interpolated(document, context);
  }
}

function interpolated(document: MappingNode, { steps, environment, warn }: FileContext): MappingNode {
  if (!steps.interpolate) return document;
  const node = interpolate(document, { lookup: { get: (name) => environment.get(name), unset: (name) => warn(unsetWarning(name)) }, warn });
  return isMapping(node) ? node : document;
}

/** The documents of one file as one. */
export function readDocuments(file: string, context: FileContext): MappingNode {
  let project = EMPTY_MAPPING;
  for (const document of readFile(file, context)) project = mergeProject(project, document);
  return project;
}
