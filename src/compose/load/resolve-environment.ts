import type { Environment } from "../environment/read.ts";
import { entryOf, isMapping, isSequence, mapEntries, scalar, stringOf, withEntries, type MappingNode, type Node } from "../tree/node.ts";

/** Where a secret's value is kept until it is needed; no key of the specification, so that no file can set it. */
export const CONTENT_OF_SECRET = "content";

/** Gives the names that stand for a variable of the environment its value: in lists of variables, in secrets and in configs. */
export function resolveEnvironment(project: MappingNode, environment: Environment): MappingNode {
  const withContent = (node: Node): Node => {
    const value = environment.get(stringOf(entryOf(node, "environment")) ?? "");
    return isMapping(node) && value !== undefined ? withEntries(node, { [CONTENT_OF_SECRET]: scalar(value, node.at) }) : node;
  };
  return mapKinds(project, { services: (service) => withVariables(service, environment), secrets: withContent, configs: withContent });
}

/** Changes what stands under some of the project's top-level keys. */
export function mapKinds(project: MappingNode, changes: Readonly<Record<string, (node: Node, name: string) => Node>>): MappingNode {
  const changed: Record<string, Node> = {};
  for (const [kind, change] of Object.entries(changes)) {
    const node = project.entries.get(kind);
    if (isMapping(node)) changed[kind] = mapEntries(node, change);
  }
  return withEntries(project, changed);
}

function withVariables(service: Node, environment: Environment): Node {
  const variables = entryOf(service, "environment");
  if (!isMapping(service) || !isSequence(variables)) return service;
  const items = variables.items.map((item) => {
    const name = stringOf(item);
    const value = name === undefined ? undefined : environment.get(name);
    return value === undefined ? item : scalar(`${name}=${value}`, item.at);
  });
  return withEntries(service, { environment: { ...variables, items } });
}
