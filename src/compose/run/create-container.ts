import { ApiError, createContainer, inspectContainer, removeContainer, writeArchive, type CreateResult } from "../../client/mod.ts";
import type { ContainerCreateRequest, MountPoint } from "../../spec/mod.ts";
import { givenFiles, type GivenFile } from "../container/mounts.ts";
import type { Separator } from "../container/names.ts";
import type { Place } from "../container/place.ts";
import { containerHash } from "../container/references.ts";
import { containerRequest } from "../container/request.ts";
import { ComposeError } from "../errors.ts";
import { LABELS } from "../labels.ts";
import type { Project, Service } from "../model/project.ts";
import { imageOf } from "../project/image.ts";
import type { ComposeContext } from "./context.ts";
import type { ServiceImage } from "./images.ts";
import { encodeFiles } from "./tar-files.ts";

/** Which containers the services of a project have by now, for those that share something with them. */
export interface Siblings {
  /** Ids or names of a service's containers, the first one first. */
  of(service: string): readonly string[];
  /** Their names, for links. */
  linked?(service: string): readonly { readonly name: string; readonly number: number }[];
}

export interface NewContainer {
  readonly service: Service;
  readonly number: number;
  readonly name: string;
  readonly image: ServiceImage;
  readonly inherited?: readonly MountPoint[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly autoRemove?: boolean;
  readonly interactive?: boolean;
  readonly withAliases?: boolean;
  readonly separator?: Separator;
}

/** Makes a container of a service, with the files that the project gives it. @returns its id */
export async function makeContainer(context: ComposeContext, project: Project, siblings: Siblings, container: NewContainer): Promise<string> {
  const { client, warn } = context;
  const place = placeOf(project, siblings, container);
  const files = givenFiles(place);
  const request = containerRequest(place);
  const create = (): Promise<CreateResult> => createContainer(client, request, { name: container.name, platform: container.service.platform });
  const { Id, Warnings } = await create().catch((error: unknown) => afterConflict(context, error, { name: container.name, labels: request.Labels ?? {} }, create));
  for (const warning of Warnings ?? []) warn(warning);
  if (files.length > 0) await giveFiles(client, Id, files);
  return Id;
}

/**
 * A command that was killed may have asked for the same container, which the engine has made since its containers were listed: that one is
 * taken, or removed when it is not what the service says now. It has never been started.
 */
async function afterConflict({ client }: ComposeContext, error: unknown, { name, labels }: { readonly name: string; readonly labels: Readonly<Record<string, string>> }, create: () => Promise<CreateResult>): Promise<CreateResult> {
  if (!(error instanceof ApiError) || error.status !== 409) throw error;
  const there = await inspectContainer(client, name).catch(() => undefined);
  const has = (label: string): boolean => there?.Config?.Labels?.[label] === labels[label];
  if (!there?.Id || there.State?.Status !== "created" || !has(LABELS.project) || !has(LABELS.service)) throw error;
  if (has(LABELS.configHash) && has(LABELS.replace)) return { Id: there.Id };
  await removeContainer(client, there.Id);
  return await create();
}

/** What the engine would be asked for. @throws ComposeError */
export const requestOf = (project: Project, siblings: Siblings, container: NewContainer): ContainerCreateRequest => containerRequest(placeOf(project, siblings, container));

async function giveFiles(client: ComposeContext["client"], id: string, files: readonly GivenFile[]): Promise<void> {
  await writeArchive(client, id, "/", { body: encodeFiles(files) }, true);
}

function placeOf(project: Project, siblings: Siblings, container: NewContainer): Place {
  const { service, number, name, image, inherited = [], labels = {}, autoRemove = false, interactive = false, withAliases = true, separator } = container;
  const firstOf = (other: string, key: string): string => {
    const [first] = siblings.of(other);
    if (first === undefined) throw new ComposeError(`no container for service ${JSON.stringify(other)}`, { path: `services.${service.name}.${key}`, fix: `start ${other} first` });
    return first;
  };
  return {
    project, service, number, name, inherited, labels, autoRemove, interactive, withAliases,
    image: imageOf(service, project, separator),
    imageID: image.id,
    configHash: containerHash(service, (other) => siblings.of(other)[0]),
    imageVolumes: image.volumes,
    networkName: (key) => project.networks[key]?.name ?? key,
    volumeName: (key) => project.volumes[key]?.name ?? key,
    shared: (key, mode) => (mode.startsWith("service:") ? `container:${firstOf(mode.slice("service:".length), key)}` : mode),
    links: () => [...(service.links ?? []).flatMap((link) => linkTo(link, siblings)), ...(service.external_links ?? []).map((link) => (link.includes(":") ? link : `${link}:${link}`))],
    volumesFrom: () =>
      (service.volumes_from ?? []).map((entry) => {
        const [source = "", ...mode] = entry.replace(/^container:/, "").split(":");
        const from = entry.startsWith("container:") ? source : firstOf(source, "volumes_from");
        return [from, ...mode].join(":");
      }),
  };
}

/** By the alias, by the service's name with a number, by its own name. */
function linkTo(link: string, siblings: Siblings): string[] {
  const [other = "", alias = other] = link.split(":");
  return (siblings.linked?.(other) ?? []).flatMap(({ name, number }) => [`${name}:${alias}`, `${name}:${other}-${number}`, `${name}:${name}`]);
}
