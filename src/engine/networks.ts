import { EngineError } from "../base/mod.ts";
import { isPredefined } from "../network/mod.ts";
import type { EngineContext } from "./context.ts";
import { emitNetworkEvent } from "./emit.ts";
import { anyPatternMatches, exactly, labelsMatch, onlyKnown } from "./filters.ts";
import { serveNames } from "./names.ts";
import type { Filters } from "./options.ts";
import type { AddressRange, NetworkRecord } from "./ports.ts";
import { untilMs } from "./prune.ts";

export interface NetworkResource {
  Name: string;
  Id: string;
  Created: string;
  Scope: string;
  Driver: string;
  EnableIPv4: boolean;
  EnableIPv6: boolean;
  IPAM: { Driver: string; Options: Record<string, string> | null; Config: AddressRange[] | null };
  Internal: boolean;
  Attachable: boolean;
  Ingress: boolean;
  ConfigFrom: { Network: string };
  ConfigOnly: boolean;
  Containers: Record<string, { Name: string; EndpointID: string; MacAddress: string; IPv4Address: string; IPv6Address: string }>;
  Options: Record<string, string> | null;
  Labels: Record<string, string> | null;
}

export interface NetworkCreateRequest {
  Name?: string;
  Driver?: string;
  Scope?: string;
  EnableIPv4?: boolean;
  EnableIPv6?: boolean;
  Internal?: boolean;
  Attachable?: boolean;
  Ingress?: boolean;
  ConfigOnly?: boolean;
  ConfigFrom?: { Network?: string };
  IPAM?: { Driver?: string; Options?: Record<string, string>; Config?: AddressRange[] };
  Options?: Record<string, string>;
  Labels?: Record<string, string>;
}

/** Oldest first, without the containers on them. @throws EngineError InvalidParameter for a filter that is none */
export async function listNetworks(ctx: EngineContext, filters: Filters = {}): Promise<NetworkResource[]> {
  onlyKnown(filters, ["driver", "id", "label", "name", "scope", "type", "dangling"]);
  const type = (filters["type"] ?? []).find((value) => !["builtin", "custom"].includes(value));
  if (type !== undefined) throw new EngineError("InvalidParameter", `invalid filter: 'type'='${type.slice(0, 64)}'`);
  const dangling = danglingFilter(filters);
  const matching = ctx.network.networks().filter(
    (network) =>
      exactly(filters["driver"], network.driver) &&
      anyPatternMatches(filters["name"], [network.name]) &&
      anyPatternMatches(filters["id"], [network.id]) &&
      exactly(filters["scope"], "local") &&
      exactly(filters["type"], isPredefined(network) ? "builtin" : "custom") &&
      labelsMatch(network.labels, filters) &&
      (dangling === undefined || (!isPredefined(network) && ctx.network.endpointsOn(network.id).length === 0) === dangling),
  );
  return matching.map((network) => ({ ...resourceOf(network), Containers: {} }));
}

function danglingFilter({ dangling: values = [] }: Filters): boolean | undefined {
  const [value, ...more] = values;
  if (value === undefined) return undefined;
  if (more.length > 0 || !/^(1|0|true|false)$/i.test(value)) throw new EngineError("InvalidParameter", `invalid value for filter 'dangling', must be "true" (or "1"), or "false" (or "0")`);
  return /^(1|true)$/i.test(value);
}

/** @throws EngineError NotFound */
export async function inspectNetwork(ctx: EngineContext, ref: string): Promise<NetworkResource> {
  const network = findNetwork(ctx, ref);
  return { ...resourceOf(network), Containers: attachedTo(ctx, network) };
}

/** @throws EngineError InvalidParameter, Conflict, Forbidden, NotFound, in Docker's words */
export async function createNetwork(ctx: EngineContext, request: NetworkCreateRequest): Promise<{ Id: string; Warning: string }> {
  ctx.space.requireWritable();
  if (request.Ingress) throw new EngineError("Forbidden", "Ingress network can only be global scope network");
  const network = await ctx.network.create({
    name: request.Name ?? "",
    driver: request.Driver ?? "",
    enableIPv4: request.EnableIPv4,
    enableIPv6: request.EnableIPv6,
    internal: request.Internal ?? false,
    attachable: request.Attachable ?? false,
    configOnly: request.ConfigOnly ?? false,
    configFrom: request.ConfigFrom?.Network ?? "",
    ipam: { driver: request.IPAM?.Driver ?? "", options: request.IPAM?.Options ?? null, config: request.IPAM?.Config ?? [] },
    options: request.Options ?? {},
    labels: request.Labels ?? {},
  });
  await serveNames(ctx, network);
  emitNetworkEvent(ctx, network, "create");
  return { Id: network.id, Warning: ctx.network.warningOf(network) };
}

/** @throws EngineError NotFound, Forbidden while containers run on it */
export async function removeNetwork(ctx: EngineContext, ref: string): Promise<void> {
  await ctx.network.calm();
  const network = findNetwork(ctx, ref);
  if (isPredefined(network)) throw new EngineError("Forbidden", `${network.name} is a pre-defined network and cannot be removed`);
  const users = ctx.network.endpointsOn(network.id).map(({ containerId, endpointId }) => `name:${JSON.stringify(ctx.containers.get(containerId)?.name ?? containerId)} id:${JSON.stringify(endpointId.slice(0, 12))}`);
  if (users.length > 0) throw new EngineError("Forbidden", `error while removing network: network ${network.name} has active endpoints (${users.join(", ")})`);
  ctx.network.remove(network.id);
  await ctx.names.unserve(network.id);
  emitNetworkEvent(ctx, network, "destroy");
}

/** Removes the networks that users made and no container is on. @throws EngineError InvalidParameter */
export async function pruneNetworks(ctx: EngineContext, filters: Filters = {}): Promise<{ NetworksDeleted: string[] | null }> {
  onlyKnown(filters, ["label", "label!", "until"]);
  const until = untilMs(filters);
  const wanted = new Set(ctx.containers.all().flatMap(({ networks }) => Object.keys(networks)));
  const unused = ctx.network.networks().filter((network) => {
    const isFree = !isPredefined(network) && ctx.network.endpointsOn(network.id).length === 0 && !wanted.has(network.name);
    return isFree && !network.configOnly && Date.parse(network.createdAt) < until && labelsMatch(network.labels, filters);
  });
  const removed: string[] = [];
  for (const { id, name } of unused) if (await removedIfUnused(ctx, id)) removed.push(name);
  ctx.eventLog.emit({ type: "network", action: "prune", id: "", attributes: { reclaimed: "0" } });
  return { NetworksDeleted: removed.length > 0 ? removed : null };
}

/** Somebody else may have removed it, or have come to use it, since it was looked at. */
async function removedIfUnused(ctx: EngineContext, id: string): Promise<boolean> {
  try {
    await removeNetwork(ctx, id);
    return true;
  } catch (error) {
    if (error instanceof EngineError && (error.kind === "NotFound" || error.kind === "Forbidden")) return false;
    throw error;
  }
}

/** @throws EngineError NotFound */
export function findNetwork(ctx: EngineContext, ref: string): NetworkRecord {
  const network = ctx.network.find(ref);
  if (!network) throw new EngineError("NotFound", `network ${ref.slice(0, 128)} not found`);
  return network;
}

function resourceOf(network: NetworkRecord): Omit<NetworkResource, "Containers"> {
  return {
    Name: network.name,
    Id: network.id,
    Created: network.createdAt,
    Scope: "local",
    Driver: network.driver,
    EnableIPv4: network.enableIPv4,
    EnableIPv6: network.enableIPv6,
    IPAM: { Driver: network.ipam.driver, Options: network.ipam.options && { ...network.ipam.options }, Config: network.ipam.config && [...network.ipam.config] },
    Internal: network.internal,
    Attachable: network.attachable,
    Ingress: false,
    ConfigFrom: { Network: network.configFrom },
    ConfigOnly: network.configOnly,
    Options: { ...network.options },
    Labels: { ...network.labels },
  };
}

function attachedTo(ctx: EngineContext, network: NetworkRecord): NetworkResource["Containers"] {
  return Object.fromEntries(
    ctx.network.endpointsOn(network.id).map(({ containerId, endpointId, mac, ip, prefix, ip6, prefix6 }) => [
      containerId,
      { Name: ctx.containers.get(containerId)?.name ?? "", EndpointID: endpointId, MacAddress: mac, IPv4Address: ip === "" ? "" : `${ip}/${prefix}`, IPv6Address: ip6 === "" ? "" : `${ip6}/${prefix6}` },
    ]),
  );
}
