import { EngineError, formatInstant, nowNs } from "../base/mod.ts";
import { firstFree, poolsFor } from "./host-subnets.ts";
import { formatAddress, formatSubnet, overlaps, parseSubnet, readSubnet, usable, type Subnet } from "./subnet.ts";
import type { NetworkRecord } from "./types.ts";

export interface NetworkConfig {
  /** Name of the default network's bridge, e.g. hako0. */
  readonly bridge: string;
  /** CIDR; without it the first of the pools that meets no route or interface of the host. */
  readonly subnet?: string;
  /** CIDR within the subnet that addresses are chosen from. */
  readonly range?: string;
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
  /** False: containers of the default network leave under their own addresses. */
  readonly masquerade?: boolean;
  /** False: containers of the default network do not reach each other. */
  readonly talking?: boolean;
}

const DEFAULT_MTU = 1500;
const SMALLEST_SUBNET = 30;

interface Last {
  readonly id: string;
  /** As it was when the engine ran last. */
  readonly before: NetworkRecord | undefined;
  /** By the host and by other networks. */
  readonly taken: readonly Subnet[];
}

/** The default network as the operator has it now. @throws EngineError System when no subnet is free */
export function defaultNetwork(config: NetworkConfig, last: Last): NetworkRecord {
  const subnet = chooseSubnet(config, last);
  const gateway = formatAddress(usable(subnet).first, subnet.family);
  const mtu = config.mtu ?? DEFAULT_MTU;
  const cidr = formatSubnet(subnet);
  return {
    id: last.id,
    name: "bridge",
    createdAt: last.before?.createdAt ?? formatInstant(nowNs()),
    driver: "bridge",
    enableIPv4: true,
    enableIPv6: false,
    internal: false,
    attachable: false,
    configOnly: false,
    configFrom: "",
    ipam: { driver: "default", options: null, config: [{ Subnet: cidr, ...(config.range !== undefined && { IPRange: config.range }), Gateway: gateway }] },
    options: {
      "com.docker.network.bridge.default_bridge": "true",
      "com.docker.network.bridge.enable_icc": String(config.talking ?? true),
      "com.docker.network.bridge.enable_ip_masquerade": String(config.masquerade ?? true),
      "com.docker.network.bridge.host_binding_ipv4": "0.0.0.0",
      "com.docker.network.bridge.name": config.bridge,
      "com.docker.network.driver.mtu": String(mtu),
    },
    labels: {},
    pools: [{ subnet: cidr, range: rangeOf(config, subnet), gateway, chosen: false, reserved: [] }],
    interfaceName: config.bridge,
    mtu,
  };
}

/** @throws EngineError InvalidParameter for a range of elsewhere */
function rangeOf({ range: text }: NetworkConfig, subnet: Subnet): string {
  const range = text === undefined ? subnet : readSubnet(text);
  if (!range || range.prefix < subnet.prefix || !overlaps(range, subnet)) throw new EngineError("InvalidParameter", `fixed-cidr: ${text} is no range of the bridge's network ${formatSubnet(subnet)}`);
  return formatSubnet(range);
}

/** Configured, else the one of last time while nobody else took it, else the first free of the pools. */
function chooseSubnet(config: NetworkConfig, { before, taken }: Last): Subnet {
  const said = config.subnet ?? config.range;
  if (said !== undefined) return configured(said);
  const text = before?.pools[0]?.subnet;
  if (text !== undefined && !taken.some((other) => overlaps(other, parseSubnet(text))) && isChosenFrom(parseSubnet(text), config)) return parseSubnet(text);
  const free = firstFree(poolsFor(config.pools ?? [], 4, ""), taken);
  if (!free) throw new EngineError("System", "every private address pool meets a route of this host: choose one with --bip, or run without a bridge");
  return free;
}

function configured(text: string): Subnet {
  const subnet = parseSubnet(text);
  if (subnet.family !== 4 || subnet.prefix > SMALLEST_SUBNET) throw new TypeError(`invalid CIDR address: ${text}`);
  return subnet;
}

/** The pools may have changed since. */
function isChosenFrom(subnet: Subnet, { pools = [] }: NetworkConfig): boolean {
  const own = pools.filter(({ base }) => !base.includes(":"));
  return own.length === 0 || own.some(({ base, size }) => size === subnet.prefix && overlaps(parseSubnet(base), subnet));
}
