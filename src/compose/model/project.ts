import type { Environment } from "../environment/read.ts";
import type { Out } from "../output/out.ts";
import { isMapping, type MappingNode, type Node } from "../tree/node.ts";
import { extensionEntries, extensionsOf, type Extended, type Field, type Format } from "./field.ts";
import { FILE_OBJECTS, MODELS, NETWORKS, VOLUMES, type FileObject, type Model, type Network, type Volume } from "./resources.ts";
import { SERVICE, type Service as ServiceKeys } from "./service.ts";

/** A service under its name. */
export type Service = ServiceKeys & { readonly name: string };

type Named<T> = Readonly<Record<string, T>>;

/** A project: what `up` would make. */
export interface Project extends Extended {
  readonly name: string;
  /** Absolute path of the folder that relative paths start from. */
  readonly workingDir: string;
  /** Absolute paths, or `-`. */
  readonly composeFiles: readonly string[];
  /** Paths of `include`, as they are written. */
  readonly includes: readonly string[];
  /** Paths given instead of `.env`. */
  readonly envFiles: readonly string[];
  /** What variables were replaced from. */
  readonly environment: Environment;
  readonly profiles: readonly string[];
  readonly services: Named<Service>;
  /** Services whose profiles are not active. */
  readonly disabledServices: Named<Service>;
  readonly networks: Named<Network>;
  readonly volumes: Named<Volume>;
  readonly secrets: Named<FileObject>;
  readonly configs: Named<FileObject>;
  readonly models: Named<Model>;
  /** Where things were written, for messages: by dotted path. */
  readonly source: MappingNode;
}

export type ProjectParts = Pick<Project, "services" | "networks" | "volumes" | "secrets" | "configs" | "models" | "extensions">;

/** The typed project of a tree in canonical form. @throws ComposeError for a value that cannot be read */
export function decodeProject(tree: MappingNode): ProjectParts {
  const extensions = extensionsOf(tree);
  return {
    services: decodeServices(tree.entries.get("services")),
    networks: decodeRecord(NETWORKS, tree, "networks"),
    volumes: decodeRecord(VOLUMES, tree, "volumes"),
    secrets: decodeRecord(FILE_OBJECTS, tree, "secrets"),
    configs: decodeRecord(FILE_OBJECTS, tree, "configs"),
    models: decodeRecord(MODELS, tree, "models"),
    ...(extensions && { extensions }),
  };
}

function decodeServices(node: Node | undefined): Named<Service> {
  const services: Record<string, Service> = {};
  for (const [name, value] of isMapping(node) ? node.entries : []) services[name] = { ...SERVICE.decode(value, `services[${name}]`), name };
  return services;
}

function decodeRecord<T>(field: Field<Named<T>>, tree: MappingNode, key: string): Named<T> {
  const node = tree.entries.get(key);
  return (node && field.decode(node, key)) ?? {};
}

/** A service as it is written, without its name. */
export const writeService = (service: ServiceKeys, format: Format): Out => SERVICE.write(service, format);

/** A secret's value never leaves the project; that of a config does, unless it came from the environment. */
const withoutContent = (objects: Named<FileObject>, hides: (object: FileObject) => boolean): Named<FileObject> =>
  Object.fromEntries(Object.entries(objects).map(([name, { content, ...shown }]) => [name, content === undefined || hides({ content, ...shown }) ? shown : { content, ...shown }]));

/** The whole project as docker-compose writes it. */
export function writeProject(project: Omit<ProjectParts, "services"> & { readonly name: string; readonly services: Named<ServiceKeys> }, format: Format): Out {
  const services: Out = { sorted: true, entries: Object.entries(project.services).map(([name, service]) => [name, writeService(service, format)]) };
  const entries: (readonly [string, Out])[] = [];
  if (project.name !== "" || format === "json") entries.push(["name", project.name]);
  entries.push(["services", services]);
  const add = <T>(key: string, field: Field<Named<T>>, values: Named<T>): void => {
    if (Object.keys(values).length > 0) entries.push([key, field.write(values, format)]);
  };
  add("networks", NETWORKS, project.networks);
  add("volumes", VOLUMES, project.volumes);
  add("secrets", FILE_OBJECTS, withoutContent(project.secrets, () => true));
  add("configs", FILE_OBJECTS, withoutContent(project.configs, ({ environment }) => environment !== undefined));
  if (format === "yaml") add("models", MODELS, project.models);
  entries.push(...extensionEntries(project));
  return { sorted: format === "json", entries };
}
