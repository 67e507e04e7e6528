import { ApiError, createNetwork, disconnectNetwork, inspectNetwork, listNetworks, removeNetwork, stopContainer, type NewNetwork } from "../../client/mod.ts";
import { ComposeError } from "../errors.ts";
import { networkHash } from "../hash.ts";
import { COMPOSE_VERSION, LABELS } from "../labels.ts";
import type { Network } from "../model/resources.ts";
import type { Project } from "../model/project.ts";
import type { ComposeContext } from "./context.ts";
import type { ObservedContainer, ObservedNetwork } from "./observe.ts";
import { together } from "./order.ts";
import { during } from "./progress.ts";

/** The engine's ids by the file's names, `undefined` for those to be made. */
export type NetworkIDs = ReadonlyMap<string, string | undefined>;

/** What is there of the project's networks; one that is not what the file says counts as not there. @throws ComposeError for an external one that is missing */
export async function findNetworks({ client }: Pick<ComposeContext, "client">, project: Project, observed: readonly ObservedNetwork[]): Promise<NetworkIDs> {
  const found = await Promise.all(Object.entries(project.networks).map(async ([key, network]) => [key, network.external ? await externalNetwork(client, key, network) : current(key, network, observed)?.id] as const));
  return new Map(found);
}

const matches = (network: Network, { configHash }: ObservedNetwork): boolean => configHash === undefined || configHash === networkHash(network);
const named = (key: string, network: Network, observed: readonly ObservedNetwork[]): ObservedNetwork | undefined => observed.find((each) => each.key === key && each.name === (network.name ?? key));
const current = (key: string, network: Network, observed: readonly ObservedNetwork[]): ObservedNetwork | undefined => {
  const there = named(key, network, observed);
  return there && matches(network, there) ? there : undefined;
};

async function externalNetwork(client: ComposeContext["client"], key: string, { name = key }: Network): Promise<string> {
  const all = await listNetworks(client, { name: [name] });
  const found = all.find(({ Name, Id }) => Name === name || Id === name);
  if (found?.Id === undefined) throw new ComposeError(`network ${name} declared as external, but could not be found`, { path: `networks.${key}`, fix: `make it: docker network create ${name}` });
  return found.Id;
}

/** Makes the networks that are missing, and those anew that are not what the file says: what is on them is stopped and taken off first. */
export async function makeNetworks(context: ComposeContext, project: Project, observed: readonly ObservedNetwork[], containers: readonly ObservedContainer[], ids: NetworkIDs): Promise<NetworkIDs> {
  const made = new Map(ids);
  const missing = Object.entries(project.networks).filter(([key, { external }]) => !external && ids.get(key) === undefined);
  await together(missing, async ([key, network]) => {
    const diverged = named(key, network, observed);
    if (diverged) await removeDiverged(context, diverged, containers);
    made.set(key, await makeNetwork(context, project, key, network));
  }, context.parallel);
  return made;
}

async function removeDiverged({ client }: ComposeContext, { id, name }: ObservedNetwork, containers: readonly ObservedContainer[]): Promise<void> {
  for (const container of containers.filter(({ networks }) => networks.has(name))) {
    if (container.state === "running") await stopContainer(client, container.id, {});
    await disconnectNetwork(client, id, container.id, true).catch(ignoreMissing);
  }
  await removeNetwork(client, id).catch(ignoreMissing);
}

async function makeNetwork({ client, tell }: ComposeContext, project: Project, key: string, network: Network): Promise<string> {
  const name = network.name ?? key;
  return await during(tell, `Network ${name}`, ["Creating", "Created"], async () => {
    const taken = await inspectNetwork(client, name).catch(ignoreMissing);
    if (taken?.Name === name) throw foreign(project, key, name, taken.Labels ?? {});
    const request = newNetwork(project, key, network);
    const { Id = name } = await createNetwork(client, request).catch(async (error: unknown) => {
      // A command that was killed may have asked for it a moment ago.
      const there = error instanceof ApiError && error.status === 409 ? await inspectNetwork(client, name).catch(ignoreMissing) : undefined;
      if (there?.Id !== undefined && there.Labels?.[LABELS.configHash] === request.Labels?.[LABELS.configHash] && there.Labels?.[LABELS.project] === project.name) return { Id: there.Id };
      throw error;
    });
    return Id;
  });
}

function foreign(project: Project, key: string, name: string, labels: Readonly<Record<string, string>>): ComposeError {
  const owner = labels[LABELS.project];
  if (owner !== undefined && owner !== project.name) return new ComposeError(`network ${name} was found but has incorrect label ${LABELS.project} set to ${JSON.stringify(owner)} (expected: ${JSON.stringify(project.name)})`, { path: `networks.${key}` });
  return new ComposeError(`network ${name} was found but has incorrect label ${LABELS.network} set to ${JSON.stringify(labels[LABELS.network] ?? "")} (expected: ${JSON.stringify(key)})`, { path: `networks.${key}`, fix: "set external: true to use it as it is" });
}

function newNetwork(project: Project, key: string, network: Network): NewNetwork {
  const { name = key, driver, driver_opts, ipam, internal, attachable, labels, enable_ipv4, enable_ipv6 } = network;
  return {
    Name: name,
    Driver: driver ?? "",
    ...(driver_opts && { Options: driver_opts }),
    ...(internal && { Internal: true }),
    ...(attachable && { Attachable: true }),
    ...(enable_ipv4 !== undefined && { EnableIPv4: enable_ipv4 }),
    ...(enable_ipv6 !== undefined && { EnableIPv6: enable_ipv6 }),
    ...(ipam && {
      IPAM: {
        Driver: ipam.driver ?? "default",
        Config: (ipam.config ?? []).map(({ subnet, gateway, ip_range, aux_addresses }) => ({ ...(subnet !== undefined && { Subnet: subnet }), ...(gateway !== undefined && { Gateway: gateway }), ...(ip_range !== undefined && { IPRange: ip_range }), ...(aux_addresses && { AuxiliaryAddresses: aux_addresses }) })),
      },
    }),
    Labels: { ...labels, [LABELS.project]: project.name, [LABELS.network]: key, [LABELS.version]: COMPOSE_VERSION, [LABELS.configHash]: networkHash(network) },
  };
}

/** For what may be gone already. */
export function ignoreMissing(error: unknown): undefined {
  if (error instanceof ApiError && error.status === 404) return undefined;
  throw error;
}
