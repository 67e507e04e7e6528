import { inspectContainer, inspectImage } from "../../client/mod.ts";
import type { Project } from "../model/project.ts";
import { imageOf } from "../project/image.ts";
import { withPlatforms } from "../project/platform.ts";
import type { ComposeContext } from "./context.ts";
import { planProject } from "./converge.ts";
import { requestOf } from "./create-container.ts";
import { differences } from "./differences.ts";
import type { ServiceImage } from "./images.ts";
import { ignoreMissing, findNetworks } from "./networks.ts";
import { observeContainers, observeNetworks, observeVolumes, type ObservedContainer } from "./observe.ts";
import type { Step } from "./plan.ts";
import { hasFinished } from "./start-services.ts";
import { orphansOf } from "./up.ts";

export interface ExplainedThing {
  readonly name: string;
  readonly action: "keep" | "create" | "recreate" | "pull" | "build";
}

export interface ExplainedContainer {
  readonly service: string;
  readonly name: string;
  readonly action: "keep" | "start" | "create" | "recreate" | "remove" | "rename";
  readonly reason: string;
  /** What has changed, one sentence each, as far as that can be told. */
  readonly changes: readonly string[];
}

/** What `up` would do, and why. */
export interface Explanation {
  readonly project: string;
  readonly images: readonly ExplainedThing[];
  readonly networks: readonly ExplainedThing[];
  readonly volumes: readonly ExplainedThing[];
  readonly containers: readonly ExplainedContainer[];
  /** Names of containers of services that the files no longer have: they stay, unless asked for. */
  readonly orphans: readonly string[];
}

/** Compares the project with what is there; changes nothing. @throws ComposeError, ApiError */
export async function explainUp(context: ComposeContext, given: Project): Promise<Explanation> {
  const project = withPlatforms(given);
  const { client } = context;
  const [containers, networks, volumes] = await Promise.all([observeContainers(client, project.name), observeNetworks(client, project.name), observeVolumes(client, project.name)]);
  const known = await findNetworks(context, project, networks);
  const services = Object.values(project.services).filter(({ provider }) => !provider);
  const images = new Map<string, Awaited<ReturnType<typeof inspectImage>> | undefined>();
  await Promise.all([...new Set(services.map((service) => imageOf(service, project)))].map(async (name) => void images.set(name, await inspectImage(client, name).catch(ignoreMissing))));
  const found = new Map<string, ServiceImage>(services.flatMap((service) => {
    const id = images.get(imageOf(service, project))?.Id;
    return id === undefined ? [] : [[service.name, { id, volumes: [] }] as const];
  }));
  const steps = planProject({ ...project, services: Object.fromEntries(services.map((service) => [service.name, service])) }, containers, { images: found, networks: known }, { recreate: "diverged", recreateDependencies: "diverged", asked: [] });
  const explained = [...steps].flatMap(([service, all]) => all.map((step) => explainStep(context, project, { service, containers, image: found.get(service) }, step)));
  return {
    project: project.name,
    images: [...images].map(([name, image]) => ({ name, action: image ? "keep" : services.some((service) => service.build && imageOf(service, project) === name) ? "build" : "pull" })),
    networks: Object.entries(project.networks).map(([key, { name = key }]) => ({ name, action: known.get(key) !== undefined ? "keep" : networks.some((each) => each.name === name) ? "recreate" : "create" })),
    volumes: Object.entries(project.volumes).map(([key, { name = key, external }]) => ({ name, action: external || volumes.some((each) => each.name === name) ? "keep" : "create" })),
    containers: await Promise.all(explained),
    orphans: orphansOf(project, containers).map(({ name }) => name),
  };
}

interface Explained {
  readonly service: string;
  readonly containers: readonly ObservedContainer[];
  readonly image: ServiceImage | undefined;
}

async function explainStep(context: ComposeContext, project: Project, explained: Explained, step: Step): Promise<ExplainedContainer> {
  const { service } = explained;
  switch (step.kind) {
    case "keep":
      if (hasFinished(project, { ...step.container, isNew: false }, service)) return { service, name: step.container.name, changes: [], action: "keep", reason: "its work is done" };
      return { service, name: step.container.name, changes: [], ...(step.container.state === "running" ? { action: "keep", reason: "it is as it should be" } : { action: "start", reason: `it is ${step.container.state}` }) };
    case "create":
      return { service, name: step.name, action: "create", reason: step.reason, changes: [] };
    case "recreate":
      return { service, name: step.name, action: "recreate", reason: step.reason, changes: await changesOf(context, project, explained, step.container) };
    case "remove":
      return { service, name: step.container.name, action: "remove", reason: step.reason, changes: [] };
    case "rename":
      return { service, name: step.name, action: "rename", reason: "what it took the place of is gone", changes: [] };
  }
}

/** Nothing where it cannot be told: a service that it shares with is not there yet. */
async function changesOf({ client }: ComposeContext, project: Project, { service: name, containers, image }: Explained, container: ObservedContainer): Promise<string[]> {
  const service = project.services[name];
  if (!service || !image) return [];
  try {
    const wanted = requestOf(project, { of: (other) => containers.filter((each) => each.service === other && !each.oneOff).map(({ id }) => id) }, { service, number: container.number, name: container.name, image, inherited: container.mounts });
    const [is, { Config }] = await Promise.all([inspectContainer(client, container.id), inspectImage(client, image.id)]);
    return differences(wanted, is, Config as { readonly Env?: readonly string[] });
  } catch {
    return [];
  }
}
