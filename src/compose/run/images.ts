import { inspectImage } from "../../client/mod.ts";
import type { ImageInspect } from "../../spec/mod.ts";
import { ComposeError } from "../errors.ts";
import type { Project, Service } from "../model/project.ts";
import { imageOf } from "../project/image.ts";
import type { ComposeContext } from "./context.ts";
import { ignoreMissing } from "./networks.ts";
import { together } from "./order.ts";

/** `policy` of --pull: takes the place of every service's own. */
export interface ImageOptions {
  readonly pull?: "always" | "missing" | "never" | undefined;
  /** Builds what can be built, whether or not it is there. */
  readonly build?: boolean;
  readonly noBuild?: boolean;
}

export interface ServiceImage {
  readonly id: string;
  /** Paths that it declares as volumes. */
  readonly volumes: readonly string[];
}

/** Images by the service's name, each of them on the engine now. @throws ComposeError, ApiError */
export async function ensureImages(context: ComposeContext, project: Project, options: ImageOptions): Promise<ReadonlyMap<string, ServiceImage>> {
  const services = Object.values(project.services).filter(({ provider }) => !provider);
  const found = new Map<string, ImageInspect | undefined>();
  const names = [...new Set(services.map((service) => imageOf(service, project)))];
  const look = async (name: string): Promise<void> => void found.set(name, await inspectImage(context.client, name).catch(ignoreMissing));
  await together(names, look, context.parallel);
  const [toBuild, toPull] = wanted(project, services, options, (name) => found.get(name) !== undefined);
  await together(toPull, ({ name, service }) => pull(context, service, name, found.get(name) !== undefined), context.parallel);
  if (toBuild.length > 0) await context.images.build(project, toBuild);
  await together([...new Set([...toPull.map(({ name }) => name), ...toBuild.map((service) => imageOf(service, project))])], look, context.parallel);
  return new Map(services.map((service) => [service.name, imageFacts(service, imageOf(service, project), found.get(imageOf(service, project)))]));
}

async function pull({ images, warn }: ComposeContext, service: Service, name: string, isThere: boolean): Promise<void> {
  try {
    await images.pull(service, name);
  } catch (error) {
    // What is there serves, when the registry has nothing newer to give; and what can be built needs no registry.
    if (!isThere || (service.pull_policy ?? "") === "always") throw error;
    warn(`${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function wanted(project: Project, services: readonly Service[], { pull: policy, build, noBuild }: ImageOptions, isThere: (name: string) => boolean): [Service[], { name: string; service: Service }[]] {
  const toBuild: Service[] = [];
  const toPull = new Map<string, Service>();
  for (const service of services) {
    const name = imageOf(service, project);
    const own = policy ?? service.pull_policy ?? "";
    const builds = service.build !== undefined && !noBuild;
    if (builds && (build || own === "build" || !isThere(name))) toBuild.push(service);
    else if (!service.build && pulls(own, isThere(name))) toPull.set(name, service);
  }
  return [toBuild, [...toPull].map(([name, service]) => ({ name, service }))];
}

/** `daily`, `weekly` and `every_…` pull what is there no more often than that: the engine does not tell when it has pulled, so they pull what is missing. */
const pulls = (policy: string, isThere: boolean): boolean => policy === "always" || policy === "refresh" || (!isThere && policy !== "never");

function imageFacts(service: Service, name: string, image: ImageInspect | undefined): ServiceImage {
  if (!image?.Id) throw new ComposeError(`No such image: ${name}`, { path: `services.${service.name}.image`, fix: service.build ? "build it: docker compose build" : "its pull policy is never: pull it first" });
  return { id: image.Id, volumes: Object.keys((image.Config as { readonly Volumes?: Readonly<Record<string, unknown>> | null } | undefined)?.Volumes ?? {}) };
}
