import { EngineError } from "../base/mod.ts";
import type { EndpointSettings } from "../spec/mod.ts";
import type { EngineContext } from "./context.ts";
import { macDigits } from "./create/network-request.ts";
import type { EndpointWish } from "./ports.ts";
import { shortId, type ContainerRecord } from "./record.ts";

const refuse = (reason: string): never => {
  throw new EngineError("InvalidParameter", `failed to set up container networking: ${reason}`);
};

const INTERFACE_NAME = "com.docker.network.endpoint.ifname";

/** Containers find each other by name on the networks that users made. */
export const knowsNames = (networkName: string): boolean => !["bridge", "host", "none"].includes(networkName);

/** In Docker's order: name, aliases, id, and the host name where it is another. */
export function endpointNames({ id, name, config }: Pick<ContainerRecord, "id" | "name" | "config">, { Aliases: aliases }: EndpointSettings): string[] {
  return [...new Set([name, ...(aliases ?? []), shortId(id), ...(config.Hostname ? [config.Hostname] : [])])];
}

/**
 * What a container that is about to start asks of its networks; nothing when it has none of its own.
 * @throws EngineError InvalidParameter, NotFound, in Docker's words
 */
export function endpointWishes(ctx: EngineContext, record: ContainerRecord): EndpointWish[] {
  const { hostConfig, config, networks } = record;
  const mode = hostConfig.NetworkMode ?? "bridge";
  const names = Object.keys(networks);
  requireCompatible(mode, names);
  if (mode.startsWith("container:") || mode === "host" || config.NetworkDisabled) return [];
  // As in Docker: the default network's interface first, then by priority, then by name.
  const rank = (name: string): number => (name === "bridge" ? Infinity : (networks[name]?.GwPriority ?? 0));
  const ordered = names.filter((name) => name !== "none").sort((a, b) => (rank(a) === rank(b) ? (a < b ? -1 : 1) : rank(b) - rank(a)));
  return ordered.map((name) => endpointWish(ctx, record, name, networks[name] ?? {}));
}

/** @throws EngineError NotFound, InvalidParameter */
export function endpointWish(ctx: EngineContext, record: ContainerRecord, networkName: string, settings: EndpointSettings): EndpointWish {
  const network = ctx.network.find(networkName);
  if (!network) throw new EngineError("NotFound", `failed to set up container networking: network ${networkName.slice(0, 128)} not found`);
  const { IPAMConfig: ipam, MacAddress: mac, DriverOpts: options, GwPriority: priority } = settings;
  return {
    networkId: network.id,
    names: knowsNames(networkName) ? endpointNames(record, settings) : [],
    linkLocal: ipam?.LinkLocalIPs ?? [],
    gatewayPriority: priority ?? 0,
    ...(mac && { mac: ethernetAddress(mac) }),
    ...(ipam?.IPv4Address && { ip: ipam.IPv4Address }),
    ...(ipam?.IPv6Address && { ip6: ipam.IPv6Address }),
    ...(options?.[INTERFACE_NAME] && { interfaceName: interfaceName(options[INTERFACE_NAME]) }),
  };
}

/** Which networks may go together, in Docker's words. */
function requireCompatible(mode: string, names: readonly string[]): void {
  if (names.length < 2) return;
  if (mode === "host" || names.includes("host")) refuse("container sharing network namespace with another container or host cannot be connected to any other network");
  if (names.includes("none")) refuse("container cannot be connected to multiple networks with one of the networks in private (none) mode");
}

/** An Ethernet address as the kernel takes it, `02:42:…`. */
function ethernetAddress(mac: string): string {
  const digits = macDigits(mac) ?? "";
  if (digits.length !== 12) refuse(`a MAC address on a bridge has 6 bytes, ${JSON.stringify(mac)} has ${digits.length / 2}`);
  return (digits.match(/../g) ?? []).join(":");
}

function interfaceName(name: string): string {
  if (name.length > 15 || !/^[^\s/:%]+$/.test(name) || name === "lo" || name === "." || name === "..") refuse(`invalid interface name ${JSON.stringify(name.slice(0, 32))}`);
  return name;
}
