import { ApiError, inspectNetwork, removeImage, removeNetwork, removeVolume } from "../../client/mod.ts";
import { LABELS } from "../labels.ts";
import type { Project } from "../model/project.ts";
import { imageOf } from "../project/image.ts";
import type { ComposeContext } from "./context.ts";
import { removeOne } from "./converge.ts";
import { startOrder } from "./dependencies.ts";
import { runHooks } from "./hooks.ts";
import { ignoreMissing } from "./networks.ts";
import { observeContainers, observeNetworks, observeVolumes, type ObservedContainer } from "./observe.ts";
import { inOrder, reversed, together, type Dependencies } from "./order.ts";
import { during } from "./progress.ts";
import { removeProvided } from "./providers.ts";
import { orphansOf, orphanWarning } from "./up.ts";

export interface DownOptions {
  /** These alone; networks and volumes stay then. */
  readonly services?: readonly string[];
  readonly removeOrphans?: boolean;
  /** Named volumes that the project made, and those without a name. */
  readonly removeVolumes?: boolean;
  /** `local`: images that the project built and did not name. */
  readonly removeImages?: "all" | "local" | undefined;
  readonly timeoutSeconds?: number | undefined;
}

/** Which project: its files, or its name alone; then its containers tell what depends on what. */
export type DownTarget = Project | { readonly name: string };

/** Stops and removes what belongs to the project, who depends first. What is gone already is no failure. @throws ApiError */
export async function down(context: ComposeContext, target: DownTarget, options: DownOptions = {}): Promise<void> {
  const project = "services" in target ? target : undefined;
  const [containers, networks, volumes] = await Promise.all([observeContainers(context.client, target.name), observeNetworks(context.client, target.name), observeVolumes(context.client, target.name)]);
  const { services } = options;
  const orphans = project && !services ? orphansOf(project, containers) : [];
  if (orphans.length > 0 && !options.removeOrphans) context.warn(orphanWarning(orphans));
  const going = containers.filter((container) => (services ? services.includes(container.service) : options.removeOrphans || !orphans.includes(container)));
  await inOrder(reversed(orderOf(going, project)), async (service) => {
    await together(going.filter((container) => container.service === service), (container) => removeService(context, project, container, options), context.parallel);
  });
  if (services) return;
  if (project) await removeProvided(context, project);
  const external = new Set(Object.values(project?.networks ?? {}).flatMap(({ external: isExternal, name }) => (isExternal && name !== undefined ? [name] : [])));
  await together(networks.filter(({ name }) => !external.has(name)), (network) => removeProjectNetwork(context, network), context.parallel);
  if (options.removeVolumes) await together(volumes, ({ name }) => removeProjectVolume(context, name), context.parallel);
  if (options.removeImages && project) await removeProjectImages(context, project, options.removeImages);
}

/** By the files, or by what the containers say of themselves. */
export function orderOf(containers: readonly ObservedContainer[], project: Project | undefined): Dependencies {
  const order = new Map<string, readonly string[]>(containers.map(({ service, labels }) => [service, (labels[LABELS.dependencies] ?? "").split(",").flatMap((each) => (each === "" ? [] : [each.split(":")[0] ?? ""]))]));
  if (project) for (const [name, others] of startOrder(project)) if (order.has(name)) order.set(name, others);
  return order;
}

async function removeService(context: ComposeContext, project: Project | undefined, container: ObservedContainer, { timeoutSeconds, removeVolumes }: DownOptions): Promise<void> {
  await preStop(context, project, container);
  await removeOne(context, container, timeoutSeconds, removeVolumes);
}

/** What a service wants done before it is stopped; its failure does not keep it alive. */
export async function preStop(context: ComposeContext, project: Project | undefined, { id, name, service, state }: ObservedContainer): Promise<void> {
  const hooks = project?.services[service]?.pre_stop ?? [];
  if (state === "running") await runHooks(context, id, hooks).catch((error: unknown) => context.warn(`${name}: ${error instanceof Error ? error.message : String(error)}`));
}

async function removeProjectNetwork({ client, tell, warn }: ComposeContext, { id, name }: { readonly id: string; readonly name: string }): Promise<void> {
  const what = `Network ${name}`;
  tell({ id: what, text: "Removing", status: "working" });
  try {
    await removeNetwork(client, id).catch(ignoreMissing);
    tell({ id: what, text: "Removed", status: "done" });
  } catch (error) {
    // Others may be connected to it: they keep it.
    if (!(error instanceof ApiError) || !(await isUsed(client, id))) throw error;
    tell({ id: what, text: "Resource is still in use", status: "warning" });
    warn(`network ${name} was not removed: ${error.detail}`);
  }
}

async function isUsed(client: ComposeContext["client"], id: string): Promise<boolean> {
  const network = (await inspectNetwork(client, id).catch(ignoreMissing)) as { readonly Containers?: Readonly<Record<string, unknown>> } | undefined;
  return Object.keys(network?.Containers ?? {}).length > 0;
}

async function removeProjectVolume({ client, tell }: ComposeContext, name: string): Promise<void> {
  const what = `Volume ${name}`;
  tell({ id: what, text: "Removing", status: "working" });
  try {
    await removeVolume(client, name, true);
    tell({ id: what, text: "Removed", status: "done" });
  } catch (error) {
    if (!(error instanceof ApiError) || (error.status !== 409 && error.status !== 404)) throw error;
    tell({ id: what, text: error.status === 404 ? "Removed" : "Resource is still in use", status: error.status === 404 ? "done" : "warning" });
  }
}

async function removeProjectImages(context: ComposeContext, project: Project, which: "all" | "local"): Promise<void> {
  const services = Object.values({ ...project.services, ...project.disabledServices });
  const names = [...new Set(services.filter(({ image, build }) => which === "all" || (build && image === undefined)).map((service) => imageOf(service, project)))];
  await together(names, async (name) => {
    await during(context.tell, `Image ${name}`, ["Removing", "Removed"], async () => {
      await removeImage(context.client, name).catch((error: unknown) => {
        if (error instanceof ApiError && (error.status === 404 || error.status === 409)) return;
        throw error;
      });
    });
  }, context.parallel);
}
