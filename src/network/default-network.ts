import { EngineError, formatInstant, nowNs } from "../base/mod.ts";
import { poolOf } from "./address-config.ts";
import { firstFree, poolsFor } from "./host-subnets.ts";
import { contains, formatAddress, formatSubnet, overlaps, parseAddress, parseSubnet, readSubnet, usable, type Family, type Subnet } from "./subnet.ts";
import type { AddressRange, NetworkRecord } from "./types.ts";

/** Of one family on the default network. */
export interface FamilyConfig {
  /** The bridge's own, with its prefix; without it the first of a subnet that meets no route or interface of the host. */
  readonly address?: string;
  /** CIDR within the subnet that addresses are chosen from. */
  readonly range?: string;
  /** Where default routes lead, when not to the bridge. */
  readonly gateway?: string;
}

export interface NetworkConfig {
  /** Name of the default network's bridge, e.g. hako0. */
  readonly bridge: string;
  readonly ipv4?: FamilyConfig;
  /** Absent: the default network has none of it. */
  readonly ipv6?: FamilyConfig;
  /** Name of the nftables tables, e.g. hako. */
  readonly table: string;
  /** Of the default network. */
  readonly mtu?: number;
  /** Where subnets are chosen from; networks of this prefix in each range. Docker's pools when there is none. */
  readonly pools?: readonly { readonly base: string; readonly size: number }[];
  /** False: whether packets are passed on is the operator's business. */
  readonly forwarding?: boolean;
  /** False: no table, and so neither masquerading nor protection. */
  readonly firewall?: boolean;
  /** False: no rules for IPv6. */
  readonly firewallIPv6?: boolean;
  /** False: containers of the default network leave under their own addresses. */
  readonly masquerade?: boolean;
  /** False: containers of the default network do not reach each other. */
  readonly talking?: boolean;
}

const DEFAULT_MTU = 1500;
const SMALLEST_SUBNET: Readonly<Record<Family, number>> = { 4: 30, 6: 126 };
const SETTINGS: Readonly<Record<Family, { readonly address: string; readonly range: string; readonly gateway: string }>> = {
  4: { address: "bip", range: "fixed-cidr", gateway: "default-gateway" },
  6: { address: "bip6", range: "fixed-cidr-v6", gateway: "default-gateway-v6" },
};

interface Last {
  readonly id: string;
  /** As it was when the engine ran last. */
  readonly before: NetworkRecord | undefined;
  /** By the host and by other networks. */
  readonly taken: readonly Subnet[];
  /** Where IPv6 subnets are chosen from that nobody has said. */
  readonly localPool: string;
}

/** The default network as the operator has it now. @throws EngineError InvalidParameter, System when no subnet is free */
export function defaultNetwork(config: NetworkConfig, last: Last): NetworkRecord {
  const mtu = config.mtu ?? DEFAULT_MTU;
  const ranges = [addressRange(config, last, 4), ...(config.ipv6 ? [addressRange(config, last, 6)] : [])];
  return {
    id: last.id,
    name: "bridge",
    createdAt: last.before?.createdAt ?? formatInstant(nowNs()),
    driver: "bridge",
    enableIPv4: true,
    enableIPv6: config.ipv6 !== undefined,
    internal: false,
    attachable: false,
    configOnly: false,
    configFrom: "",
    ipam: { driver: "default", options: null, config: ranges },
    options: {
      "com.docker.network.bridge.default_bridge": "true",
      "com.docker.network.bridge.enable_icc": String(config.talking ?? true),
      "com.docker.network.bridge.enable_ip_masquerade": String(config.masquerade ?? true),
      "com.docker.network.bridge.host_binding_ipv4": "0.0.0.0",
      "com.docker.network.bridge.name": config.bridge,
      "com.docker.network.driver.mtu": String(mtu),
    },
    labels: {},
    pools: ranges.map((range) => poolOf(range, { chosen: false })),
    interfaceName: config.bridge,
    mtu,
  };
}

/** Everything said of one family, and the rest chosen. */
function addressRange(config: NetworkConfig, last: Last, family: Family): AddressRange {
  const { address, range, gateway } = (family === 4 ? config.ipv4 : config.ipv6) ?? {};
  const subnet = chooseSubnet(config, last, family);
  const names = SETTINGS[family];
  const own = address?.split("/")[0] ?? "";
  // The subnet's own address stands for the first in it.
  const isChosen = own !== "" && formatAddress(parseAddress(own), family) !== formatAddress(subnet.base, family);
  if (gateway !== undefined && !contains(subnet, gateway)) throw new EngineError("InvalidParameter", `${names.gateway}: ${gateway} is no address of the bridge's network ${formatSubnet(subnet)}`);
  const ipRange = range === undefined ? subnet : readSubnet(range);
  if (!ipRange || ipRange.prefix < subnet.prefix || !overlaps(ipRange, subnet)) throw new EngineError("InvalidParameter", `${names.range}: ${range} is no range of the bridge's network ${formatSubnet(subnet)}`);
  return {
    Subnet: formatSubnet(subnet),
    ...(range !== undefined && { IPRange: formatSubnet(ipRange) }),
    Gateway: isChosen ? formatAddress(parseAddress(own), family) : formatAddress(usable(subnet).first, family),
    ...(gateway !== undefined && { AuxiliaryAddresses: { [`DefaultGatewayIPv${family}`]: gateway } }),
  };
}

/** Configured, else the one of last time while nobody else took it, else the first free of the pools. */
function chooseSubnet(config: NetworkConfig, { before, taken, localPool }: Last, family: Family): Subnet {
  const said = (family === 4 ? config.ipv4 : config.ipv6) ?? {};
  const text = said.address ?? said.range;
  if (text !== undefined) return configured(text, family, said.address === undefined ? SETTINGS[family].range : SETTINGS[family].address);
  const kept = before?.pools.find(({ subnet }) => subnet.includes(":") === (family === 6))?.subnet;
  if (kept !== undefined && !taken.some((other) => overlaps(other, parseSubnet(kept))) && isChosenFrom(parseSubnet(kept), config)) return parseSubnet(kept);
  const free = firstFree(poolsFor(config.pools ?? [], family, localPool), taken);
  if (!free) throw new EngineError("System", `every private address pool of IPv${family} meets a route of this host: choose one with --${SETTINGS[family].address}, or run without a bridge`);
  return free;
}

function configured(text: string, family: Family, setting: string): Subnet {
  const subnet = readSubnet(text);
  if (subnet?.family !== family) throw new EngineError("InvalidParameter", `${setting}: ${text} is no IPv${family} address with a prefix`);
  if (subnet.prefix > SMALLEST_SUBNET[family]) throw new EngineError("InvalidParameter", `${setting}: a network of prefix ${subnet.prefix} has no room for containers`);
  return subnet;
}

/** The pools may have changed since. */
function isChosenFrom(subnet: Subnet, { pools = [] }: NetworkConfig): boolean {
  const own = pools.filter(({ base }) => base.includes(":") === (subnet.family === 6));
  return own.length === 0 || own.some(({ base, size }) => size === subnet.prefix && overlaps(parseSubnet(base), subnet));
}
