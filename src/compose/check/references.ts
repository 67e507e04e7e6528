import { editDistance } from "../../base/mod.ts";
import type { Project, Service } from "../model/project.ts";
import { INVALID, serviceError } from "./service-error.ts";

/** Everything that a service names must be there. @throws ComposeError */
export function checkReferences(project: Project, service: Service): void {
  checkContexts(project, service);
  checkNetworks(project, service);
  checkDependencies(project, service);
  for (const [index, { type, source }] of (service.volumes ?? []).entries()) {
    if (type === "volume" && source !== undefined) mustExist(project, service, { key: `volumes.${index}`, kind: "volumes", what: "volume", name: source });
  }
  for (const { source = "" } of service.build?.secrets ?? []) mustExist(project, service, { key: "build.secrets", kind: "secrets", what: "build secret", name: source });
  for (const { source = "" } of service.configs ?? []) mustExist(project, service, { key: "configs", kind: "configs", what: "config", name: source });
  for (const name of Object.keys(service.models ?? {})) mustExist(project, service, { key: "models", kind: "models", what: "model", name });
  for (const { source = "" } of service.secrets ?? []) mustExist(project, service, { key: "secrets", kind: "secrets", what: "secret", name: source });
}

interface Reference {
  readonly key: string;
  readonly kind: "networks" | "volumes" | "secrets" | "configs" | "models";
  readonly what: string;
  readonly name: string;
}

function mustExist(project: Project, service: Service, { key, kind, what, name }: Reference): void {
  if (project[kind][name]) return;
  const near = nearest(name, Object.keys(project[kind]));
  const fix = near === undefined ? `add "${name}:" below ${kind}: at the top level` : `did you mean ${near}?`;
  throw serviceError(project, service, key, `service ${JSON.stringify(service.name)} refers to undefined ${what} ${name}${INVALID}`, fix);
}

const nearest = (word: string, known: readonly string[]): string | undefined => known.find((other) => editDistance(word, other) <= Math.max(1, Math.floor(other.length / 4)));

function checkContexts(project: Project, service: Service): void {
  for (const [context, source] of Object.entries(service.build?.additional_contexts ?? {})) {
    if (!source.startsWith("service:")) continue;
    const name = source.slice("service:".length);
    const problem = !project.services[name] ? "unknown" : !project.services[name].build ? "non-buildable" : undefined;
    if (problem) throw serviceError(project, service, "build.additional_contexts", `service ${JSON.stringify(service.name)} declares ${problem} service ${JSON.stringify(name)} as additional contexts ${context}`, fixFor(project, name));
  }
}

function checkNetworks(project: Project, service: Service): void {
  const { name, network_mode: mode, networks = {} } = service;
  if (mode !== undefined && Object.keys(networks).length > 0) throw serviceError(project, service, "network_mode", `service ${name} declares mutually exclusive \`network_mode\` and \`networks\`${INVALID}`, "leave one of them out");
  for (const network of Object.keys(networks)) mustExist(project, service, { key: "networks", kind: "networks", what: "network", name: network });
}

function checkDependencies(project: Project, service: Service): void {
  for (const [name, { required }] of Object.entries(service.depends_on ?? {})) {
    const isThere = project.services[name] !== undefined || (required === false && project.disabledServices[name] !== undefined);
    if (!isThere) throw serviceError(project, service, `depends_on.${name}`, `service ${JSON.stringify(service.name)} depends on undefined service ${JSON.stringify(name)}${INVALID}`, fixFor(project, name));
  }
  const { network_mode: mode } = service;
  const shared = mode?.startsWith("service:") ? mode.slice("service:".length) : undefined;
  if (shared !== undefined && !project.services[shared]) throw serviceError(project, service, "network_mode", `service ${JSON.stringify(shared)} not found for network_mode 'service:${shared}'`, fixFor(project, shared));
}

/** A service may be there and not be active. */
function fixFor(project: Project, name: string): string | undefined {
  const disabled = project.disabledServices[name];
  if (disabled) return `${name} is in the profile ${(disabled.profiles ?? []).join(", ")}: add --profile ${disabled.profiles?.[0] ?? ""}, or write required: false below the dependency`;
  const near = nearest(name, Object.keys(project.services));
  return near === undefined ? undefined : `did you mean ${near}?`;
}
