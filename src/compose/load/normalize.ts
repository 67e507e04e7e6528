import { cleanTarget } from "../canonical/volume.ts";
import type { Environment } from "../environment/read.ts";
import { entryOf, isMapping, isNull, isSequence, mapping, scalar, stringOf, textOf, withEntries, type MappingNode, type Node } from "../tree/node.ts";
import { mapKinds } from "./resolve-environment.ts";

const SERVICE_PREFIX = "service:";

/** The project with what follows from what is said: names, the default network, dependencies that other keys imply, the environment's values. */
export function normalize(project: MappingNode, name: string, environment: Environment): MappingNode {
  const services = mapKinds(withEntries(project, { name: scalar(name) }), { services: (service) => (isMapping(service) ? normalizeService(withNetworks(service), environment) : service) });
  const named = (node: Node, key: string): Node => withName(node, key, name);
  return mapKinds(withDefaultNetwork(services), { networks: named, volumes: named, configs: named, secrets: named });
}

function withNetworks(service: MappingNode): MappingNode {
  if (service.entries.has("provider") || service.entries.has("network_mode")) return service;
  const networks = service.entries.get("networks");
  if (isMapping(networks) && networks.entries.size > 0) return service;
  return withEntries(service, { networks: mapping([["default", scalar(null)]]) });
}

/** The network `default` exists where some service is attached to it. */
function withDefaultNetwork(project: MappingNode): MappingNode {
  const services = project.entries.get("services");
  const isUsed = isMapping(services) && [...services.entries.values()].some((service) => entryOf(entryOf(service, "networks"), "default") !== undefined && !entryOf(service, "provider") && !entryOf(service, "network_mode"));
  const networks = project.entries.get("networks");
  const known = isMapping(networks) ? networks.entries : new Map<string, Node>();
  if (!isUsed || known.has("default")) return known.size === 0 ? withEntries(project, { networks: undefined }) : project;
  return withEntries(project, { networks: mapping(new Map([...known, ["default", scalar(null)] as const])) });
}

function withName(node: Node, key: string, project: string): Node {
  const resource = isMapping(node) ? node : mapping([], node.at);
  if (resource.entries.has("name") && !isNull(resource.entries.get("name"))) return resource;
  const external = resource.entries.get("external");
  const isExternal = external !== undefined && ["true", "1", "t", "T", "TRUE", "True"].includes(textOf(external));
  return withEntries(resource, { name: scalar(isExternal ? key : `${project}_${key}`, resource.at) });
}

function normalizeService(service: MappingNode, environment: Environment): MappingNode {
  const { entries } = service;
  const changes: Record<string, Node | undefined> = {};
  if (stringOf(entries.get("pull_policy")) === "if_not_present") changes["pull_policy"] = scalar("missing", entries.get("pull_policy")?.at);
  const build = entries.get("build");
  if (isMapping(build)) changes["build"] = normalizeBuild(build, environment);
  const variables = entries.get("environment");
  if (variables) changes["environment"] = resolveNames(variables, environment, true);
  const mounts = entries.get("volumes");
  if (isSequence(mounts)) changes["volumes"] = { ...mounts, items: mounts.items.map(withCleanTarget) };
  const dependencies = dependenciesOf(service);
  if (dependencies.entries.size > 0) changes["depends_on"] = dependencies;
  return withEntries(service, changes);
}

function normalizeBuild(build: MappingNode, environment: Environment): MappingNode {
  const { entries } = build;
  const args = entries.get("args");
  return withEntries(build, {
    context: entries.get("context") ?? scalar("."),
    dockerfile: entries.get("dockerfile") ?? (entries.has("dockerfile_inline") ? undefined : scalar("Dockerfile", build.at)),
    args: args && resolveNames(args, environment, false),
  });
}

/** Names without a value get the environment's; those that it does not know stay only where a container is told so. */
function resolveNames(node: Node, environment: Environment, keeps: boolean): Node {
  if (isSequence(node)) {
    const items = node.items.map((item) => resolveListed(item, environment, keeps)).filter((item) => item !== undefined);
    return { ...node, items };
  }
  if (!isMapping(node)) return node;
  const entries = new Map<string, Node>();
  for (const [name, value] of node.entries) {
    const known = isNull(value) ? environment.get(name) : undefined;
    if (known !== undefined) entries.set(name, scalar(known, value.at));
    else if (!isNull(value) || keeps) entries.set(name, value);
  }
  return { ...node, entries };
}

function resolveListed(item: Node, environment: Environment, keeps: boolean): Node | undefined {
  const name = textOf(item);
  if (name.includes("=")) return item;
  const value = environment.get(name);
  if (value !== undefined) return scalar(`${name}=${value}`, item.at);
  return keeps ? item : undefined;
}

function withCleanTarget(mount: Node): Node {
  const target = stringOf(entryOf(mount, "target"));
  return isMapping(mount) && target !== undefined ? withEntries(mount, { target: scalar(cleanTarget(target) || ".", mount.entries.get("target")?.at) }) : mount;
}

/** What was said, and the services that links, shared namespaces and shared volumes need. */
function dependenciesOf(service: MappingNode): MappingNode {
  const said = service.entries.get("depends_on");
  const entries = new Map<string, Node>(isMapping(said) ? said.entries : []);
  const need = (name: string, restart: boolean, from: Node): void => {
    if (!entries.has(name)) entries.set(name, mapping([["condition", scalar("service_started")], ["restart", scalar(restart)], ["required", scalar(true)]], from.at));
  };
  for (const link of itemsOf(service, "links")) need(link.text.split(":").length === 2 ? (link.text.split(":")[0] ?? "") : link.text, true, link.node);
  for (const key of ["network_mode", "ipc", "pid", "uts", "cgroup"]) {
    const node = service.entries.get(key);
    const text = stringOf(node);
    if (node && text?.startsWith(SERVICE_PREFIX)) need(text.slice(SERVICE_PREFIX.length), true, node);
  }
  for (const { text, node } of itemsOf(service, "volumes_from")) if (!text.startsWith("container:")) need(text.split(":")[0] ?? "", false, node);
  return mapping(entries, said?.at);
}

function itemsOf(service: MappingNode, key: string): { readonly text: string; readonly node: Node }[] {
  const node = service.entries.get(key);
  return isSequence(node) ? node.items.map((item) => ({ text: textOf(item), node: item })) : [];
}
