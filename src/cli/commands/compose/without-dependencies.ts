import type { Project } from "../../../compose/mod.ts";

/** `--no-deps`: the project with these services alone, which depend on nothing. */
export function withoutDependencies(project: Project, names: readonly string[]): Project {
  const entries = Object.entries(project.services);
  const others = entries.filter(([name]) => !names.includes(name));
  const services = entries.filter(([name]) => names.includes(name)).map(([name, { depends_on: _, ...service }]) => [name, service] as const);
  return { ...project, services: Object.fromEntries(services), disabledServices: { ...project.disabledServices, ...Object.fromEntries(others) } };
}
