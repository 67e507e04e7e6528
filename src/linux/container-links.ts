/** Batches for a container's network: one that is sent in the host's namespace, one inside the container's. */
import { addressBytes, macBytes } from "./ip-address.ts";
import { IFF_UP, IFLA, NetlinkWriter, NLM_F, RTA, RTM } from "./netlink-message.ts";
import { splitCidr, writeAddress } from "./rtnetlink.ts";

/** At each offset the sender stores the container's pid (u32) before sending. */
export interface HostBatch {
  readonly messages: Uint8Array;
  readonly pidOffsets: number[];
}

interface LinkEnd {
  /** Inside the container. */
  readonly peerName: string;
  /** Inside the container; chosen, not guessed: a namespace is born with lo and with a tunnel device (tunl0, sit0 …) for each such module of the host. */
  readonly peerIndex?: number;
  readonly mac?: string;
  readonly mtu?: number;
}

export interface VethPlan extends LinkEnd {
  readonly hostName: string;
  /** Unused in the host's namespace: the kernel takes a far end's index only together with the near one's. */
  readonly hostIndex: number;
  /** Index of the bridge. */
  readonly master: number;
  /** A number that rules may know it by, together with others. */
  readonly group?: number;
}

/** A further interface of one that the host has, born in the container's network namespace. */
export interface SubInterfacePlan extends LinkEnd {
  readonly kind: "macvlan" | "ipvlan";
  /** Index of the host's interface. */
  readonly parent: number;
  readonly mode: number;
  /** ipvlan: 0 bridge, 1 private, 2 vepa. */
  readonly flags?: number;
}

export const FIRST_CONTAINER_LINK = 100;

/** A veth whose far end is born in the container's network namespace: no later move, no rename, no name clash with the host. */
export function vethToPid(plan: VethPlan): HostBatch {
  return linksToPid([plan]);
}

export function linksToPid(plans: readonly (VethPlan | SubInterfacePlan)[]): HostBatch {
  const message = new NetlinkWriter();
  const pidOffsets = plans.map((plan) => {
    message.begin(RTM.NEWLINK, NLM_F.CREATE | NLM_F.EXCL | NLM_F.ACK);
    const offset = "kind" in plan ? writeSubInterface(message, plan) : writeVeth(message, plan);
    message.end();
    return offset;
  });
  return { messages: message.finish(), pidOffsets };
}

function writeVeth(message: NetlinkWriter, plan: VethPlan): number {
  let pidOffset = 0;
  message.ifinfo({ index: plan.hostIndex, flags: IFF_UP, change: IFF_UP });
  message.text(IFLA.IFNAME, plan.hostName);
  message.u32(IFLA.MASTER, plan.master);
  if (plan.group !== undefined) message.u32(IFLA.GROUP, plan.group);
  if (plan.mtu !== undefined) message.u32(IFLA.MTU, plan.mtu);
  message.nested(IFLA.LINKINFO, () => {
    message.text(IFLA.INFO_KIND, "veth");
    message.nested(IFLA.INFO_DATA, () => message.nested(IFLA.VETH_PEER, () => void (pidOffset = writeEnd(message, plan))));
  });
  return pidOffset;
}

function writeSubInterface(message: NetlinkWriter, plan: SubInterfacePlan): number {
  const pidOffset = writeEnd(message, plan);
  message.u32(IFLA.LINK, plan.parent);
  message.nested(IFLA.LINKINFO, () => {
    message.text(IFLA.INFO_KIND, plan.kind);
    message.nested(IFLA.INFO_DATA, () => {
      if (plan.kind === "macvlan") return void message.u32(IFLA.MACVLAN_MODE, plan.mode);
      message.attribute(IFLA.IPVLAN_MODE, [plan.mode & 0xff, plan.mode >> 8]);
      if (plan.flags) message.attribute(IFLA.IPVLAN_FLAGS, [plan.flags & 0xff, plan.flags >> 8]);
    });
  });
  return pidOffset;
}

/** @returns where the pid goes */
function writeEnd(message: NetlinkWriter, { peerName, peerIndex = FIRST_CONTAINER_LINK, mac, mtu }: LinkEnd): number {
  message.ifinfo({ index: peerIndex });
  message.text(IFLA.IFNAME, peerName);
  if (mac !== undefined) message.attribute(IFLA.ADDRESS, macBytes(mac));
  if (mtu !== undefined) message.u32(IFLA.MTU, mtu);
  return message.u32(IFLA.NET_NS_PID, 0);
}

const AF_INET = 2;
const AF_INET6 = 10;
const LOOPBACK_INDEX = 1;

/** `lo` up: all that a container without a network of its own gets. */
export function loopbackBatch(): Uint8Array {
  return insideBatch({ loopback: true, links: [], routes: [] });
}

export interface InsidePlan {
  /** Bring `lo` up as well. */
  readonly loopback: boolean;
  readonly links: readonly InsideLink[];
  readonly routes: readonly DefaultRoute[];
}

export interface InsideLink {
  readonly index: number;
  /** `address/prefix` */
  readonly addresses: readonly string[];
  /** The interface gets no link-local address, so it is silent in IPv6. Only where the kernel has IPv6. */
  readonly withoutLinkLocal: boolean;
}

export interface DefaultRoute {
  readonly index: number;
  readonly gateway: string;
}

/** Addresses, up and default routes of interfaces that `linksToPid` made. */
export function insideBatch({ loopback, links, routes }: InsidePlan): Uint8Array {
  const message = new NetlinkWriter();
  if (loopback) writeUp(message, LOOPBACK_INDEX);
  for (const { index, addresses, withoutLinkLocal } of links) {
    if (withoutLinkLocal) writeNoLinkLocal(message, index);
    for (const cidr of addresses) writeNewAddress(message, index, cidr);
    writeUp(message, index);
  }
  for (const route of routes) writeDefaultRoute(message, route);
  return message.finish();
}

function writeUp(message: NetlinkWriter, index: number): void {
  message.begin(RTM.NEWLINK, NLM_F.ACK);
  message.ifinfo({ index, flags: IFF_UP, change: IFF_UP });
  message.end();
}

/** A message of its own: in one that also sets the interface up, the kernel would do that first. */
function writeNoLinkLocal(message: NetlinkWriter, index: number): void {
  const IN6_ADDR_GEN_MODE_NONE = 1;
  message.begin(RTM.SETLINK, NLM_F.ACK);
  message.ifinfo({ index });
  message.nested(IFLA.AF_SPEC, () => message.nested(AF_INET6, () => message.attribute(IFLA.INET6_ADDR_GEN_MODE, [IN6_ADDR_GEN_MODE_NONE])));
  message.end();
}

function writeNewAddress(message: NetlinkWriter, index: number, cidr: string): void {
  const { address, prefix } = splitCidr(cidr);
  message.begin(RTM.NEWADDR, NLM_F.CREATE | NLM_F.EXCL | NLM_F.ACK);
  writeAddress(message, index, address, prefix);
  message.end();
}

/** Takes the place of a default route that is there. */
function writeDefaultRoute(message: NetlinkWriter, { index, gateway }: DefaultRoute): void {
  const RT_TABLE_MAIN = 254;
  const RTPROT_BOOT = 3;
  const RTN_UNICAST = 1;
  const bytes = addressBytes(gateway);
  message.begin(RTM.NEWROUTE, NLM_F.CREATE | NLM_F.REPLACE | NLM_F.ACK);
  // struct rtmsg: family, dst_len, src_len, tos, table, protocol, scope, type, flags
  message.raw([bytes.length === 4 ? AF_INET : AF_INET6, 0, 0, 0, RT_TABLE_MAIN, RTPROT_BOOT, 0, RTN_UNICAST, 0, 0, 0, 0]);
  message.attribute(RTA.GATEWAY, bytes);
  message.u32(RTA.OIF, index);
  message.end();
}

const AF_BRIDGE = 7;
const BRIDGE_PORT_MODE = 4;
const NESTED = 0x8000;

/**
 * The bridge sends back through this port what came in by it, where it must: a container that speaks to itself through an address of
 * the host. A bridge whose packets pass the host's firewall (br_netfilter) never routes those.
 */
export function hairpinBatch(index: number): Uint8Array {
  const message = new NetlinkWriter();
  message.begin(RTM.SETLINK, NLM_F.ACK);
  message.ifinfo({ family: AF_BRIDGE, index });
  message.nested(IFLA.PROTINFO | NESTED, () => message.attribute(BRIDGE_PORT_MODE, [1]));
  message.end();
  return message.finish();
}
