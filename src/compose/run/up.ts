import { checkPorts } from "../check/ports.ts";
import { ComposeError } from "../errors.ts";
import type { Project } from "../model/project.ts";
import { withPlatforms } from "../project/platform.ts";
import type { ComposeContext } from "./context.ts";
import { converge, planProject, removeOne, type Converged, type ConvergeOptions } from "./converge.ts";
import { ensureImages, type ImageOptions } from "./images.ts";
import { findNetworks, makeNetworks } from "./networks.ts";
import { observeContainers, observeNetworks, observeVolumes, type ObservedContainer } from "./observe.ts";
import { together } from "./order.ts";
import type { Step } from "./plan.ts";
import { withProviders } from "./providers.ts";
import { rollOver } from "./rolling.ts";
import { startServices, type StartOptions } from "./start-services.ts";
import { makeVolumes } from "./volumes.ts";

export interface UpOptions extends ImageOptions, StartOptions, Partial<ConvergeOptions> {
  readonly removeOrphans?: boolean;
  /** Makes everything and starts nothing. */
  readonly noStart?: boolean;
  /** A replacement is started, and healthy, before what it replaces is stopped. */
  readonly rolling?: boolean;
}

export interface UpResult extends Converged {
  /** What was done, by service. */
  readonly steps: ReadonlyMap<string, readonly Step[]>;
  /** With what providers told, and without the services that they made. */
  readonly project: Project;
}

/** Makes the project's services what the files say, and starts them. What is as it should be is left alone. @throws ComposeError, ApiError */
export async function up(context: ComposeContext, given: Project, options: UpOptions = {}): Promise<UpResult> {
  refuseUnsupported(given);
  checkPorts(given);
  const project = await withProviders(context, withPlatforms(given));
  const convergeOptions: ConvergeOptions = { recreate: "diverged", recreateDependencies: "diverged", asked: [], ...options };
  const [images, containers, networks, volumes] = await Promise.all([ensureImages(context, project, options), observeContainers(context.client, project.name), observeNetworks(context.client, project.name), observeVolumes(context.client, project.name)]);
  const orphans = orphansOf(project, containers);
  if (options.removeOrphans) await together(orphans, (orphan) => removeOne(context, orphan, options.timeoutSeconds), context.parallel);
  else if (orphans.length > 0) context.warn(orphanWarning(orphans));
  const known = await findNetworks(context, project, networks);
  const networking = makeNetworks(context, project, networks, containers, known);
  networking.catch(() => undefined);
  // Engines look for a container's networks when it is started: where nothing is to be compared with them, they are made meanwhile.
  const isFresh = containers.length === 0;
  const [ids] = await Promise.all([isFresh ? known : networking, makeVolumes(context, project, volumes)]);
  const steps = planProject(project, containers, { images, networks: ids }, convergeOptions);
  if (options.rolling) await rollOver(context, project, steps, images, convergeOptions);
  const planned = options.rolling ? planProject(project, await observeContainers(context.client, project.name), { images, networks: ids }, convergeOptions) : steps;
  const converging = converge(context, project, planned, images, convergeOptions);
  const starting = options.noStart ? undefined : startServices(context, project, { ...converging, made: (service) => networking.then(() => converging.made(service)) }, { ...options, repeatFinished: options.repeatFinished ?? convergeOptions.recreate === "force" });
  // What has begun is waited for, whatever fails.
  const [networked, ...others] = await Promise.allSettled([networking, converging.done, starting]);
  // Without its networks nothing of a project that was not there stays.
  if (networked.status === "rejected" && isFresh) await together([...converging.containers.values()].flat(), (container) => removeOne(context, container), context.parallel);
  const failure = [networked, ...others].find((outcome) => outcome.status === "rejected");
  if (failure) throw failure.reason;
  return { containers: converging.containers, steps, project };
}

/** Containers of services that the files no longer have. */
export function orphansOf(project: Project, containers: readonly ObservedContainer[]): ObservedContainer[] {
  return containers.filter(({ service, oneOff }) => !oneOff && !project.services[service] && !project.disabledServices[service]);
}

export function orphanWarning(orphans: readonly ObservedContainer[]): string {
  return `Found orphan containers ([${orphans.map(({ name }) => name).join(" ")}]) for this project. If you removed or renamed this service in your compose file, you can run this command with the --remove-orphans flag to clean it up.`;
}

function refuseUnsupported({ services, models }: Project): void {
  const [model] = Object.keys(models);
  if (model !== undefined) throw new ComposeError(`models are not supported: there is no model runner here`, { path: `models.${model}`, fix: "run the model as a service, and leave out models" });
  const external = Object.values(services).find(({ credential_spec }) => credential_spec);
  if (external) throw new ComposeError("credential_spec is for Windows containers", { path: `services.${external.name}.credential_spec` });
}
