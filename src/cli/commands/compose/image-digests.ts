import { distributionOf } from "../../../client/mod.ts";
import type { Project } from "../../../compose/mod.ts";
import { canonicalName, parseReference, withDefaultTag } from "../../../spec/mod.ts";
import type { Invocation } from "../../command.ts";
import { Failure } from "../../failure.ts";
import { registryHeader } from "../../credentials/registry-header.ts";

const AT_ONCE = 8;

/** The project with every image named by the digest that its registry has for it now; one engine asks for all of them. */
export async function withImageDigests(project: Project, invocation: Invocation): Promise<Project> {
  const services = Object.entries(project.services);
  const pinned: Record<string, Project["services"][string]> = {};
  for (let at = 0; at < services.length; at += AT_ONCE) {
    const batch = services.slice(at, at + AT_ONCE).map(async ([name, service]) => void (pinned[name] = service.image === undefined ? service : { ...service, image: await pin(service.image, invocation) }));
    await Promise.all(batch);
  }
  return { ...project, services: pinned };
}

async function pin(image: string, { client, config }: Invocation): Promise<string> {
  const reference = withDefaultTag(parseReference(image));
  const { domain, path, digest } = reference;
  if (digest !== undefined) return canonicalName({ domain, path, digest });
  const name = canonicalName(reference);
  try {
    const { Descriptor } = await distributionOf(client, name, await registryHeader(config, reference));
    return `${name}@${Descriptor.digest}`;
  } catch (error) {
    throw new Failure(`failed to resolve digest for ${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Nothing but the images: a file to merge on top. */
export const imagesOnly = (project: Project): Project => ({
  ...project,
  name: "",
  services: Object.fromEntries(Object.entries(project.services).map(([name, { image }]) => [name, { name, ...(image !== undefined && { image }) }])),
  networks: {},
  volumes: {},
  secrets: {},
  configs: {},
  models: {},
  extensions: {},
});
