import { ComposeError } from "../errors.ts";
import type { Project, Service } from "../model/project.ts";
import type { ComposeContext } from "./context.ts";
import { dependenciesOf } from "./dependencies.ts";

/** Runs what makes a service that is no container: a program outside of the engine. */
export interface ProviderWork {
  /** @returns variables for those who depend on the service. @throws ComposeError in the program's words */
  run(project: Project, service: Service, command: "up" | "down"): Promise<Readonly<Record<string, string>>>;
}

/** Lets providers make their services. @returns the project without them, and with what they told in the environment of those who depend on them */
export async function withProviders(context: ComposeContext, project: Project): Promise<Project> {
  const provided = Object.values(project.services).filter(({ provider }) => provider);
  if (provided.length === 0) return project;
  const told = new Map<string, Readonly<Record<string, string>>>();
  for (const service of provided) told.set(service.name, await runProvider(context, project, service, "up"));
  const others = Object.values(project.services).filter(({ provider }) => !provider);
  return {
    ...project,
    services: Object.fromEntries(others.map((service) => [service.name, withTold(service, told)])),
    disabledServices: { ...project.disabledServices, ...Object.fromEntries(provided.map((service) => [service.name, service])) },
  };
}

/** Variables bear the name of the service that they are about: `DATABASE_URL` of `URL`. */
function withTold(service: Service, told: ReadonlyMap<string, Readonly<Record<string, string>>>): Service {
  const variables = dependenciesOf(service).flatMap((other) => Object.entries(told.get(other) ?? {}).map(([name, value]) => [`${other.toUpperCase()}_${name}`, value] as const));
  return variables.length === 0 ? service : { ...service, environment: { ...service.environment, ...Object.fromEntries(variables) } };
}

/** Lets providers take their services down. */
export async function removeProvided(context: ComposeContext, project: Project): Promise<void> {
  for (const service of Object.values(project.services)) if (service.provider) await runProvider(context, project, service, "down");
}

async function runProvider(context: ComposeContext, project: Project, service: Service, command: "up" | "down"): Promise<Readonly<Record<string, string>>> {
  const { tell, providers, dryRun } = context;
  const path = `services.${service.name}.provider`;
  const [doing, done] = command === "up" ? ["Creating", "Created"] : ["Removing", "Removed"];
  tell({ id: service.name, text: doing, status: "working" });
  if (!providers && !dryRun) throw new ComposeError(`service ${JSON.stringify(service.name)} is made by a provider, and nobody here runs providers`, { path, fix: "run it with `compose up`, or leave it out" });
  try {
    const told = dryRun || !providers ? {} : await providers.run(project, service, command);
    tell({ id: service.name, text: done, status: "done" });
    return told;
  } catch (error) {
    tell({ id: service.name, text: "Error", status: "error", detail: error instanceof ComposeError ? error.summary : String(error) });
    throw error;
  }
}
