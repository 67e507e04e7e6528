import { ComposeError } from "../errors.ts";
import type { Project, Service } from "../model/project.ts";

type Services = Project["services"];

const isActive = ({ profiles = [] }: Service, active: readonly string[]): boolean => profiles.length === 0 || active.includes("*") || profiles.some((profile) => active.includes(profile));

/** The project with the services of these profiles, and of none, enabled. */
export function withProfiles(project: Project, profiles: readonly string[]): Project {
  const all = Object.entries({ ...project.services, ...project.disabledServices });
  return {
    ...project,
    profiles,
    services: Object.fromEntries(all.filter(([, service]) => isActive(service, profiles))),
    disabledServices: Object.fromEntries(all.filter(([, service]) => !isActive(service, profiles))),
  };
}

/** Naming a service activates its profiles. */
export function withServicesEnabled(project: Project, names: readonly string[]): Project {
  const profiles = names.flatMap((name) => (project.services[name] ? [] : (project.disabledServices[name]?.profiles ?? [])));
  return profiles.length === 0 ? project : withProfiles(project, [...project.profiles, ...profiles]);
}

export type Neighbours = "dependencies" | "dependents" | "none";

/** The project with these services and what they depend on; all of them where none is named. @throws ComposeError for a service that there is not */
export function withSelectedServices(project: Project, names: readonly string[], neighbours: Neighbours = "dependencies"): Project {
  if (names.length === 0) return project;
  const chosen = new Set<string>();
  for (const name of names.flatMap((pattern) => matching(project.services, pattern))) choose(project.services, name, neighbours, chosen);
  const services: Record<string, Service> = {};
  const disabled: Record<string, Service> = { ...project.disabledServices };
  for (const [name, service] of Object.entries(project.services)) (chosen.has(name) ? services : disabled)[name] = service;
  return { ...project, disabledServices: disabled, services: Object.fromEntries(Object.entries(services).map(([name, service]) => [name, withoutDependencies(service, chosen)])) };
}

function matching(services: Services, pattern: string): string[] {
  if (services[pattern]) return [pattern];
  const glob = new Bun.Glob(pattern);
  const found = /[*?[]/.test(pattern) ? Object.keys(services).filter((name) => glob.match(name)) : [];
  if (found.length === 0) throw new ComposeError(`no such service: ${pattern}`);
  return found;
}

function choose(services: Services, name: string, neighbours: Neighbours, chosen: Set<string>): void {
  const service = services[name];
  if (!service || chosen.has(name)) return;
  chosen.add(name);
  if (neighbours === "dependencies") {
    for (const [other, { required }] of Object.entries(service.depends_on ?? {})) {
      if (!services[other] && required) throw new ComposeError(`no such service: ${other}`);
      choose(services, other, neighbours, chosen);
    }
  }
  if (neighbours === "dependents") for (const other of Object.values(services)) if (other.depends_on?.[name]) choose(services, other.name, neighbours, chosen);
}

function withoutDependencies(service: Service, chosen: ReadonlySet<string>): Service {
  if (!service.depends_on) return service;
  const kept = Object.entries(service.depends_on).filter(([name]) => chosen.has(name));
  const { depends_on: _, ...others } = service;
  return kept.length === 0 ? others : { ...others, depends_on: Object.fromEntries(kept) };
}

/** Networks, volumes, secrets, configs and models that no enabled service uses are left out. */
export function withoutUnused(project: Project): Project {
  const services = Object.values(project.services);
  const only = <T>(all: Readonly<Record<string, T>>, used: readonly (string | undefined)[]): Readonly<Record<string, T>> => {
    const names = new Set(used);
    return Object.fromEntries(Object.entries(all).filter(([name]) => names.has(name)));
  };
  return {
    ...project,
    networks: only(project.networks, services.flatMap(({ networks = {} }) => Object.keys(networks))),
    volumes: only(project.volumes, services.flatMap(({ volumes = [] }) => volumes.filter(({ type }) => type === "volume").map(({ source }) => source))),
    secrets: only(project.secrets, services.flatMap(({ secrets = [], build }) => [...secrets, ...(build?.secrets ?? [])].map(({ source }) => source))),
    configs: only(project.configs, services.flatMap(({ configs = [] }) => configs.map(({ source }) => source))),
    models: only(project.models, services.flatMap(({ models = {} }) => Object.keys(models))),
  };
}
