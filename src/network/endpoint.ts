import { FIRST_CONTAINER_LINK, insideBatch, linksToPid, type InsidePlan, type SubInterfacePlan, type VethPlan } from "../linux/mod.ts";
import { parseAddress } from "./subnet.ts";
import type { Attachment, Endpoint, NetworkRecord } from "./types.ts";

const HOST_NAME_DIGITS = 10;
const HOST_INDEX_DIGITS = 7;
const FIRST_HOST_INDEX = 0x10000000;

/**
 * The name on the host, at most 15 characters. It comes from the endpoint, which is new at each start, and not from the container:
 * the kernel takes an ended container's link away some time later.
 */
export function hostInterfaceName(endpointId: string): string {
  return `veth${endpointId.slice(0, HOST_NAME_DIGITS)}`;
}

/** Far above what the kernel counts up to by itself. */
export function hostInterfaceIndex(endpointId: string): number {
  return FIRST_HOST_INDEX + Number.parseInt(endpointId.slice(0, HOST_INDEX_DIGITS), 16);
}

/** The number that the firewall knows the host ends of a network's links by. */
export function linkGroup(networkId: string): number {
  return FIRST_HOST_INDEX + Number.parseInt(networkId.slice(0, HOST_INDEX_DIGITS), 16);
}

/** Docker's: a local address made of the four bytes of the IP address. */
export function macOfAddress(ip: string): string {
  const digits = parseAddress(ip).toString(16).padStart(8, "0");
  return ["02", "42", ...(digits.match(/../g) ?? [])].join(":");
}

/** A local address of no meaning, for networks without IPv4. */
export function randomMac(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(6));
  bytes[0] = ((bytes[0] ?? 0) & 0xfc) | 0x02;
  return Buffer.from(bytes).toString("hex").replace(/(..)(?!$)/g, "$1:");
}

/** What of the network the kernel needs to link a container to it. */
export interface LinkFacts {
  readonly network: NetworkRecord;
  /** Of the bridge, or of the parent. */
  readonly index: number;
  /** The kernel has IPv6, which this network does not use. */
  readonly silenceIPv6: boolean;
}

export interface LinkedEndpoint extends LinkFacts {
  readonly endpoint: Endpoint;
}

const MACVLAN_MODES: Readonly<Record<string, number>> = { private: 1, vepa: 2, bridge: 4, passthru: 8 };
const IPVLAN_MODES: Readonly<Record<string, number>> = { l2: 0, l3: 1, l3s: 2 };
const IPVLAN_FLAGS: Readonly<Record<string, number>> = { bridge: 0, private: 1, vepa: 2 };

export const isMacvlanMode = (mode: string): boolean => Object.hasOwn(MACVLAN_MODES, mode);
export const isIpvlanMode = (mode: string): boolean => Object.hasOwn(IPVLAN_MODES, mode);
export const isIpvlanFlag = (flag: string): boolean => Object.hasOwn(IPVLAN_FLAGS, flag);

export function linkPlan({ endpoint, network, index }: LinkedEndpoint): VethPlan | SubInterfacePlan {
  const end = { peerName: endpoint.interfaceName, peerIndex: endpoint.insideIndex, ...(network.mtu > 0 && { mtu: network.mtu }) };
  if (network.driver === "macvlan") return { ...end, kind: "macvlan", parent: index, mode: MACVLAN_MODES[network.options["macvlan_mode"] ?? "bridge"] ?? 4, mac: endpoint.mac };
  // An ipvlan has its parent's MAC address.
  if (network.driver === "ipvlan") return { ...end, kind: "ipvlan", parent: index, mode: IPVLAN_MODES[network.options["ipvlan_mode"] ?? "l2"] ?? 0, flags: IPVLAN_FLAGS[network.options["ipvlan_flag"] ?? "bridge"] ?? 0 };
  return { ...end, hostName: endpoint.hostInterface, hostIndex: endpoint.hostIndex, master: index, group: linkGroup(network.id), mac: endpoint.mac };
}

export function insidePlan(linked: readonly LinkedEndpoint[], { loopback }: { loopback: boolean }): InsidePlan {
  return {
    loopback,
    links: linked.map(({ endpoint, silenceIPv6 }) => ({ index: endpoint.insideIndex, addresses: addressesOf(endpoint), withoutLinkLocal: silenceIPv6 })),
    routes: defaultRoutes(linked.map(({ endpoint }) => endpoint)),
  };
}

function addressesOf({ ip, prefix, ip6, prefix6, linkLocal }: Endpoint): string[] {
  const local = linkLocal.map((address) => `${address}/${address.includes(":") ? 64 : 16}`);
  return [...(ip === "" ? [] : [`${ip}/${prefix}`]), ...(ip6 === "" ? [] : [`${ip6}/${prefix6}`]), ...local];
}

/** One for each family: over the endpoint of the highest priority, of equals by the network's name, as Docker. */
export function defaultRoutes(endpoints: readonly Endpoint[]): { readonly index: number; readonly gateway: string }[] {
  const best = (gatewayOf: (endpoint: Endpoint) => string) => {
    const [first] = endpoints.filter((endpoint) => gatewayOf(endpoint) !== "").sort((a, b) => b.gatewayPriority - a.gatewayPriority || (a.networkName < b.networkName ? -1 : 1));
    return first ? [{ index: first.insideIndex, gateway: gatewayOf(first) }] : [];
  };
  return [...best(({ gateway }) => gateway), ...best(({ gateway6 }) => gateway6)];
}

/** The endpoint that the container's default route leads over, else its first: what is published leads there. */
export function gatewayEndpoint(endpoints: readonly Endpoint[]): Endpoint | undefined {
  const [route] = defaultRoutes(endpoints);
  return endpoints.find(({ insideIndex }) => insideIndex === route?.index) ?? endpoints[0];
}

export function attachmentOf(linked: readonly LinkedEndpoint[]): Attachment {
  return {
    endpoints: linked.map(({ endpoint }) => endpoint),
    netlink: { host: linksToPid(linked.map(linkPlan)), inside: insideBatch(insidePlan(linked, { loopback: true })) },
  };
}

/** The lowest ethN and number that no other interface of the container has. */
export function nextInterface(taken: readonly Pick<Endpoint, "interfaceName" | "insideIndex">[]): { interfaceName: string; insideIndex: number } {
  let number = 0;
  while (taken.some(({ interfaceName }) => interfaceName === `eth${number}`)) number++;
  let insideIndex = FIRST_CONTAINER_LINK;
  while (taken.some((other) => other.insideIndex === insideIndex)) insideIndex++;
  return { interfaceName: `eth${number}`, insideIndex };
}
