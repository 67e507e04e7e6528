import { resolverAddress } from "../network/mod.ts";
import type { EngineContext } from "./context.ts";
import { endpointNames, knowsNames } from "./endpoint-wishes.ts";
import type { Endpoint, NetworkRecord } from "./ports.ts";
import type { ContainerRecord } from "./record.ts";
import { withDefaults } from "./with-defaults.ts";

/** Makes the container known by its names on its networks as they are now; one that knows no names is forgotten. */
export function announceNames(ctx: EngineContext, record: ContainerRecord): void {
  const endpoints = [...ctx.network.endpoints(record.id)].sort(byPreference);
  if (!endpoints.some(({ networkName }) => knowsNames(networkName))) return ctx.names.remove(record.id);
  const { hostConfig } = withDefaults(record, ctx.defaults);
  const main = ctx.network.find(hostConfig.NetworkMode ?? "")?.name;
  ctx.names.set({
    containerId: record.id,
    servers: serversOf(hostConfig.Dns ?? [], endpoints),
    keepsSingleWords: setsNdots(hostConfig.DnsOptions?.length ? hostConfig.DnsOptions : hostOptions(ctx.host.resolvConf())),
    ...(endpoints.every(isInternal(ctx)) && { confinedTo: endpoints.flatMap(({ networkId }) => ctx.network.find(networkId)?.pools.map(({ subnet }) => subnet) ?? []) }),
    endpoints: endpoints.filter(({ networkName }) => knowsNames(networkName)).map(({ networkId, networkName, ip, ip6 }) => {
      const settings = record.networks[networkName] ?? {};
      return { networkId, networkName, ip, ip6, names: endpointNames(record, settings), links: [...(settings.Links ?? []), ...(networkName === main ? (hostConfig.Links ?? []) : [])].map(linkOf) };
    }),
  });
}

/** On its loopback a container means itself. */
function serversOf(servers: readonly string[], endpoints: readonly Endpoint[]): string[] {
  const own = endpoints.find(({ ip }) => ip !== "")?.ip;
  return servers.map((server) => (server.startsWith("127.") && own !== undefined ? own : server));
}

/** Docker's order: networks that lead outside, then by priority, then by name. */
function byPreference(a: Endpoint, b: Endpoint): number {
  return Number(b.gateway !== "") - Number(a.gateway !== "") || b.gatewayPriority - a.gatewayPriority || (a.networkName < b.networkName ? -1 : 1);
}

const isInternal = (ctx: EngineContext) => ({ networkId }: Endpoint): boolean => ctx.network.find(networkId)?.internal ?? false;

/** `name:alias` */
function linkOf(link: string): { name: string; alias: string } {
  const [name = "", alias = ""] = link.replace(/^\//, "").split(":");
  return { name, alias: alias || name };
}

const setsNdots = (options: readonly string[]): boolean => options.some((option) => /^ndots:[1-9]/.test(option));
const hostOptions = (text: string): string[] => [...text.matchAll(/^\s*options\s+(.*)$/gm)].flatMap((match) => (match[1] ?? "").split(/\s+/));

/** The address at which containers of the network are answered; "" on one where they are not. */
function resolverOf(network: NetworkRecord): string {
  return knowsNames(network.name) ? resolverAddress(network) : "";
}

/** Names are resolved on the network from now on. */
export async function serveNames(ctx: EngineContext, network: NetworkRecord): Promise<void> {
  const gateway = resolverOf(network);
  if (gateway !== "") await ctx.names.serve({ id: network.id, bridge: network.interfaceName, gateway });
}

export async function serveAllNames(ctx: EngineContext): Promise<void> {
  await Promise.all(ctx.network.networks().map((network) => serveNames(ctx, network)));
}
