import type { Database } from "bun:sqlite";
import { EngineError } from "../base/mod.ts";
import { AddressPool } from "./address-pool.ts";
import { hostInterfaceIndex, hostInterfaceName, macOfAddress, nextInterface, randomMac } from "./endpoint.ts";
import { resolverAddress } from "./hidden-address.ts";
import type { Family } from "./subnet.ts";
import type { Endpoint, EndpointWish, NetworkRecord } from "./types.ts";

interface Reservation {
  readonly containerId: string;
  readonly endpointId: string;
  readonly wish: EndpointWish;
  /** The container's endpoints on other networks. */
  readonly others: readonly Endpoint[];
}

/** Reserves addresses, inside the caller's transaction. @throws EngineError in Docker's words */
export function makeEndpoint(db: Database, network: NetworkRecord, { containerId, endpointId, wish, others }: Reservation): Endpoint {
  const four = reserve(db, network, 4, wish.ip);
  const six = reserve(db, network, 6, wish.ip6);
  const onBridge = network.driver === "bridge";
  const next = nextInterface(others);
  if (wish.interfaceName && others.some(({ interfaceName }) => interfaceName === wish.interfaceName)) throw new EngineError("InvalidParameter", `the container has an interface ${wish.interfaceName} already`);
  return {
    endpointId,
    containerId,
    networkId: network.id,
    networkName: network.name,
    bridge: onBridge ? network.interfaceName : "",
    ip: four?.address ?? "",
    prefix: four?.prefix ?? 0,
    gateway: four && !network.internal ? four.gateway : "",
    ip6: six?.address ?? "",
    prefix6: six?.prefix ?? 0,
    gateway6: six && !network.internal ? six.gateway : "",
    linkLocal: wish.linkLocal ?? [],
    // On the link of a macvlan a MAC address is in use until the kernel has taken the interface away that had it, some time after its container ended.
    mac: wish.mac ?? (four && onBridge ? macOfAddress(four.address) : randomMac()),
    names: wish.names,
    resolver: four && wish.names.length > 0 ? resolverAddress(network) : "",
    interfaceName: wish.interfaceName ?? next.interfaceName,
    // One that is born of an interface of the host has a number that the host has not given either.
    insideIndex: onBridge ? next.insideIndex : hostInterfaceIndex(endpointId),
    hostInterface: onBridge ? hostInterfaceName(endpointId) : "",
    hostIndex: onBridge ? hostInterfaceIndex(endpointId) : 0,
    gatewayPriority: wish.gatewayPriority ?? 0,
  };
}

interface Reserved {
  readonly address: string;
  readonly prefix: number;
  readonly gateway: string;
}

function reserve(db: Database, network: NetworkRecord, family: Family, wanted: string | undefined): Reserved | undefined {
  if (!(family === 4 ? network.enableIPv4 : network.enableIPv6)) return undefined;
  const pools = poolsOf(db, network, family);
  for (const { pool, gateway, defaultGateway } of pools) {
    if (wanted !== undefined && !pool.contains(wanted)) continue;
    const address = wanted === undefined ? pool.takeLowest() : pool.take(wanted);
    if (address !== undefined) return { address, prefix: pool.prefix, gateway: defaultGateway ?? gateway };
  }
  if (wanted !== undefined) throw new EngineError("InvalidParameter", `invalid endpoint settings:\nno configured subnet or ip-range contain the IP address ${wanted}`);
  throw new EngineError("System", `no available IPv${family} addresses on this network's address pools: ${network.name} (${network.id})`);
}

/** Gives back what `makeEndpoint` took, inside the caller's transaction. An address of an earlier subnet is forgotten. */
export function releaseAddresses(db: Database, network: NetworkRecord, { ip, ip6 }: Endpoint): void {
  for (const [family, address] of [[4, ip], [6, ip6]] as const)
    if (address !== "") poolsOf(db, network, family).find(({ pool }) => pool.contains(address))?.pool.give(address);
}

function poolsOf(db: Database, { pools }: NetworkRecord, family: Family): { pool: AddressPool; gateway: string; defaultGateway: string | undefined }[] {
  return pools.filter(({ subnet }) => subnet.includes(":") === (family === 6)).map((record) => ({ pool: new AddressPool(db, record), gateway: record.gateway, defaultGateway: record.defaultGateway }));
}
