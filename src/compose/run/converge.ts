import { renameContainer, stopContainer } from "../../client/mod.ts";
import { replacementName, type Separator } from "../container/names.ts";
import { networkKeys } from "../container/networking.ts";
import { LABELS } from "../labels.ts";
import type { Project, Service } from "../model/project.ts";
import type { ComposeContext } from "./context.ts";
import { makeContainer, type Siblings } from "./create-container.ts";
import { dependenciesOf } from "./dependencies.ts";
import type { ServiceImage } from "./images.ts";
import { ignoreMissing, type NetworkIDs } from "./networks.ts";
import type { ObservedContainer } from "./observe.ts";
import { inOrder, together } from "./order.ts";
import { planService, type RecreatePolicy, type Step } from "./plan.ts";
import { during } from "./progress.ts";
import { removeWholly } from "./remove-container.ts";

export interface ConvergeOptions {
  readonly recreate: RecreatePolicy;
  /** Of services that were not asked for by name. */
  readonly recreateDependencies: RecreatePolicy;
  /** Names of the services that were asked for; none: all. */
  readonly asked: readonly string[];
  /** Volumes without a name are not taken over. */
  readonly renewAnonymousVolumes?: boolean;
  readonly timeoutSeconds?: number | undefined;
  readonly separator?: Separator;
}

/** What is there when everything has been made. */
export interface Converged {
  /** Containers of each service, by number. */
  readonly containers: ReadonlyMap<string, readonly LiveContainer[]>;
}

export interface LiveContainer {
  readonly id: string;
  readonly name: string;
  readonly number: number;
  readonly state: string;
  /** As `ps` prints it; empty for a new one. */
  readonly status: string;
  /** Made in this run. */
  readonly isNew: boolean;
  readonly labels: Readonly<Record<string, string>>;
}

/** The steps of every service, which nothing has been done about yet; images and networks as far as they are known. */
export function planProject(project: Project, observed: readonly ObservedContainer[], facts: { readonly images: ReadonlyMap<string, ServiceImage>; readonly networks: NetworkIDs }, options: ConvergeOptions): ReadonlyMap<string, readonly Step[]> {
  const steps = new Map<string, readonly Step[]>();
  for (const service of ordered(project)) {
    const containers = observed.filter((each) => each.service === service.name && !each.oneOff);
    const policy = options.asked.length === 0 || options.asked.includes(service.name) ? options.recreate : options.recreateDependencies;
    steps.set(service.name, planService(project, service, containers, {
      imageID: facts.images.get(service.name)?.id,
      networkIDs: service.network_mode === undefined ? networkKeys({ service }).map((key) => facts.networks.get(key)) : [],
      volumeNames: (service.volumes ?? []).flatMap(({ type, source }) => (type === "volume" && source !== undefined ? [project.volumes[source]?.name ?? source] : [])),
      sharedWith: sharedServices(service).filter((other) => steps.get(other)?.some(({ kind }) => kind === "recreate" || kind === "create")),
      firstContainer: (other) => observed.find((each) => each.service === other && !each.oneOff)?.id,
      recreate: policy,
      ...(options.separator && { separator: options.separator }),
    }));
  }
  return steps;
}

/** Services in an order in which each comes after what it depends on. */
function ordered(project: Project): Service[] {
  const done: Service[] = [];
  const visit = (name: string): void => {
    const service = project.services[name];
    if (!service || done.includes(service)) return;
    for (const other of dependenciesOf(service)) visit(other);
    done.push(service);
  };
  for (const name of Object.keys(project.services)) visit(name);
  return done;
}

/** Those whose namespaces or volumes it uses. */
export function sharedServices({ network_mode, ipc, pid, volumes_from = [] }: Service): string[] {
  const modes = [network_mode, ipc, pid].flatMap((mode) => (mode?.startsWith("service:") ? [mode.slice("service:".length)] : []));
  return [...new Set([...modes, ...volumes_from.filter((entry) => !entry.startsWith("container:")).map((entry) => entry.split(":")[0] ?? "")])];
}

/** Convergence that goes on: what has it may be started while others are still made. */
export interface Converging extends Converged {
  /** Resolves when the service has its containers; rejects when it will not. */
  made(service: string): Promise<void>;
  readonly done: Promise<void>;
}

/** Makes, makes anew and removes containers until each service has those it should. Nothing is started. */
export function converge(context: ComposeContext, project: Project, steps: ReadonlyMap<string, readonly Step[]>, images: ReadonlyMap<string, ServiceImage>, options: ConvergeOptions): Converging {
  const gates = new Map(Object.keys(project.services).map((name) => [name, Promise.withResolvers<void>()]));
  for (const { promise } of gates.values()) promise.catch(() => undefined);
  const containers = new Map<string, LiveContainer[]>();
  const siblings: Siblings = { of: (service) => (containers.get(service) ?? []).map(({ id }) => id), linked: (service) => containers.get(service) ?? [] };
  const order = new Map(Object.values(project.services).map((service) => [service.name, [...sharedServices(service), ...(service.links ?? []).map((link) => link.split(":")[0] ?? "")]]));
  const make = async (name: string): Promise<void> => {
    const service = project.services[name];
    const image = images.get(name);
    if (!service || !image) return;
    const made: LiveContainer[] = [];
    containers.set(name, made);
    const act = async (step: Step): Promise<void> => {
      const container = await take(context, project, { siblings, service, image, options }, step);
      if (container) made.push(container);
    };
    // What goes may have a name that something else is to have.
    const [going, others] = [true, false].map((goes) => (steps.get(name) ?? []).filter(({ kind }) => (kind === "remove") === goes));
    await together(going ?? [], act, context.parallel);
    await together(others ?? [], act, context.parallel);
    made.sort((a, b) => a.number - b.number);
  };
  const done = inOrder(order, (name) => make(name).then(() => gates.get(name)?.resolve()));
  done.catch((error: unknown) => {
    for (const { reject } of gates.values()) reject(error);
  });
  return { containers, done, made: async (service) => await gates.get(service)?.promise };
}

interface Making {
  readonly siblings: Siblings;
  readonly service: Service;
  readonly image: ServiceImage;
  readonly options: ConvergeOptions;
}

async function take(context: ComposeContext, project: Project, making: Making, step: Step): Promise<LiveContainer | undefined> {
  const { client, tell } = context;
  switch (step.kind) {
    case "keep": {
      const { id, name, number, state, status, labels } = step.container;
      if (state === "running") tell({ id: `Container ${name}`, text: "Running", status: "done" });
      return { id, name, number, state, status, labels, isNew: false };
    }
    case "rename":
      await renameContainer(client, step.container.id, step.name);
      return undefined;
    case "remove":
      await removeOne(context, step.container, making.options.timeoutSeconds);
      return undefined;
    case "create": {
      const { name, number } = step;
      const id = await during(tell, `Container ${name}`, ["Creating", "Created"], () => makeContainer(context, project, making.siblings, { service: making.service, number, name, image: making.image, ...separatorOf(making) }));
      return { id, name, number, state: "created", status: "", labels: {}, isNew: true };
    }
    case "recreate":
      return await during(tell, `Container ${step.container.name}`, ["Recreate", "Recreated"], () => replace(context, project, making, step));
  }
}

const separatorOf = ({ options }: Making): { separator?: Separator } => (options.separator ? { separator: options.separator } : {});

/** The new one is there before the old one goes: whatever fails, one of them is left. */
async function replace(context: ComposeContext, project: Project, making: Making, { container, name }: Extract<Step, { kind: "recreate" }>): Promise<LiveContainer> {
  const { client } = context;
  const id = await makeReplacement(context, project, making, container, name);
  await stopContainer(client, container.id, { timeoutSeconds: making.options.timeoutSeconds }).catch(ignoreMissing);
  await removeWholly(client, container.id);
  await renameContainer(client, id, name);
  return { id, name, number: container.number, state: "created", status: "", labels: {}, isNew: true };
}

/** A container beside the one that it is to take the place of, with its volumes. @returns its id */
export async function makeReplacement(context: ComposeContext, project: Project, { siblings, service, image, options }: Making, old: ObservedContainer, name: string): Promise<string> {
  return await makeContainer(context, project, siblings, {
    service, image,
    number: old.number,
    name: replacementName(old.id, name),
    inherited: options.renewAnonymousVolumes ? [] : old.mounts,
    labels: { [LABELS.replace]: old.name },
    ...(options.separator && { separator: options.separator }),
  });
}

export async function removeOne({ client, tell }: ComposeContext, { id, name, state }: Pick<ObservedContainer, "id" | "name" | "state">, timeoutSeconds?: number, removeVolumes = false): Promise<void> {
  const what = `Container ${name}`;
  if (state === "running" || state === "paused" || state === "restarting") await during(tell, what, ["Stopping", "Stopped"], () => stopContainer(client, id, { timeoutSeconds }).catch(ignoreMissing));
  await during(tell, what, ["Removing", "Removed"], () => removeWholly(client, id, { force: true, removeVolumes }));
}
