import { killContainer, pauseContainer, restartContainer, stopContainer, unpauseContainer } from "../../client/mod.ts";
import { ComposeError } from "../errors.ts";
import type { Project } from "../model/project.ts";
import type { ComposeContext } from "./context.ts";
import type { Converged } from "./converge.ts";
import { orderOf, preStop } from "./down.ts";
import { runHooks } from "./hooks.ts";
import { observeContainers, type ObservedContainer } from "./observe.ts";
import { inOrder, reversed, together, type Dependencies } from "./order.ts";
import { during } from "./progress.ts";
import { removeWholly } from "./remove-container.ts";
import { startServices, type StartOptions } from "./start-services.ts";
import { orphansOf } from "./up.ts";

/** A project by its files, or by its name alone, and which of its services; none: all. */
export interface Selection {
  readonly name: string;
  readonly project?: Project | undefined;
  readonly services: readonly string[];
}

/** Containers of the chosen services, those of `run` left out. @throws ComposeError for a service that neither the files nor the engine know */
export async function selected({ client }: Pick<ComposeContext, "client">, { name, project, services }: Selection): Promise<ObservedContainer[]> {
  const containers = (await observeContainers(client, name)).filter(({ oneOff }) => !oneOff);
  for (const service of services) if (!project?.services[service] && !containers.some((container) => container.service === service)) throw new ComposeError(`no such service: ${service}`);
  const wanted = new Set(services.length > 0 ? services : project ? Object.keys(project.services) : containers.map(({ service }) => service));
  return containers.filter(({ service }) => wanted.has(service));
}

type Work = (container: ObservedContainer) => Promise<void>;

async function eachService(context: ComposeContext, containers: readonly ObservedContainer[], order: Dependencies, work: Work): Promise<void> {
  await inOrder(order, (service) => together(containers.filter((container) => container.service === service), work, context.parallel));
}

export async function stop(context: ComposeContext, selection: Selection, { timeoutSeconds }: { readonly timeoutSeconds?: number | undefined } = {}): Promise<void> {
  const containers = await selected(context, selection);
  await eachService(context, containers, reversed(orderOf(containers, selection.project)), async (container) => {
    if (container.state !== "running" && container.state !== "paused" && container.state !== "restarting") return;
    await during(context.tell, `Container ${container.name}`, ["Stopping", "Stopped"], async () => {
      await preStop(context, selection.project, container);
      await stopContainer(context.client, container.id, { timeoutSeconds });
    });
  });
}

/** Starts containers that are there. @throws ComposeError where a service has none */
export async function start(context: ComposeContext, selection: Selection & { readonly project: Project }, options: StartOptions = {}): Promise<void> {
  const containers = await selected(context, selection);
  for (const name of Object.keys(selection.project.services)) if ((selection.services.length === 0 || selection.services.includes(name)) && !containers.some(({ service }) => service === name)) throw new ComposeError(`service ${JSON.stringify(name)} has no container to start`, { fix: "make it: docker compose up" });
  await startServices(context, selection.project, asConverged(containers), { repeatFinished: true, ...options });
}

export function asConverged(containers: readonly ObservedContainer[]): Converged {
  return { containers: new Map(Object.entries(Object.groupBy(containers, ({ service }) => service)).map(([service, all]) => [service, (all ?? []).map(({ id, name, number, state, status, labels }) => ({ id, name, number, state, status, labels, isNew: false }))])) };
}

export interface RestartOptions {
  readonly timeoutSeconds?: number | undefined;
  /** Leaves those alone who want to be restarted with the services. */
  readonly noDependents?: boolean;
}

/** Restarts containers, and those of services that depend on them and say so (`depends_on.restart`), each after what it depends on. */
export async function restart(context: ComposeContext, selection: Selection, { timeoutSeconds, noDependents = false }: RestartOptions = {}): Promise<void> {
  const { project, services } = selection;
  const followed = noDependents || !project || services.length === 0 ? services : withDependents(project, services);
  const containers = await selected(context, { ...selection, services: followed });
  await eachService(context, containers, orderOf(containers, project), async (container) => {
    await during(context.tell, `Container ${container.name}`, ["Restarting", "Started"], async () => {
      await preStop(context, project, container);
      await restartContainer(context.client, container.id, { timeoutSeconds });
      await runHooks(context, container.id, project?.services[container.service]?.post_start ?? []);
    });
  });
}

function withDependents(project: Project, services: readonly string[]): string[] {
  const found = new Set(services);
  for (const name of found) for (const other of Object.values(project.services)) if (other.depends_on?.[name]?.restart) found.add(other.name);
  return [...found];
}

/** Sends a signal to the chosen services' containers, those of `run` too; with `removeOrphans`, to those of services that the files no longer have. */
export async function kill(context: ComposeContext, selection: Selection, { signal, removeOrphans = false }: { readonly signal: string; readonly removeOrphans?: boolean }): Promise<void> {
  await selected(context, selection);
  const { project, services } = selection;
  const all = (await observeContainers(context.client, selection.name)).filter(({ state }) => state === "running" || state === "paused");
  const wanted = services.length > 0 ? services : project && Object.keys(project.services);
  const orphans = removeOrphans && project ? orphansOf(project, all) : [];
  const running = all.filter((container) => !wanted || wanted.includes(container.service) || orphans.includes(container));
  await together(running, ({ id, name }) => during(context.tell, `Container ${name}`, ["Killing", "Killed"], async () => void (await killContainer(context.client, id, signal))), context.parallel);
}

export async function pause(context: ComposeContext, selection: Selection): Promise<void> {
  const running = (await selected(context, selection)).filter(({ state }) => state === "running");
  await together(running, ({ id, name }) => during(context.tell, `Container ${name}`, ["Pausing", "Paused"], async () => void (await pauseContainer(context.client, id))), context.parallel);
}

export async function unpause(context: ComposeContext, selection: Selection): Promise<void> {
  const paused = (await selected(context, selection)).filter(({ state }) => state === "paused");
  await together(paused, ({ id, name }) => during(context.tell, `Container ${name}`, ["Unpausing", "Unpaused"], async () => void (await unpauseContainer(context.client, id))), context.parallel);
}

/** Removes containers that do not run. */
export async function remove(context: ComposeContext, containers: readonly ObservedContainer[], { removeVolumes = false }: { readonly removeVolumes?: boolean } = {}): Promise<void> {
  await together(containers, ({ id, name }) => during(context.tell, `Container ${name}`, ["Removing", "Removed"], () => removeWholly(context.client, id, { force: true, removeVolumes })), context.parallel);
}
