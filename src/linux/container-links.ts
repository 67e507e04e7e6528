/** Batches that the shim sends for a container's network: one in the host's namespace, one inside the container's. */
import { addressBytes, macBytes } from "./ip-address.ts";
import { IFF_UP, IFLA, NetlinkWriter, NLM_F, RTA, RTM } from "./netlink-message.ts";
import { writeAddress } from "./rtnetlink.ts";

/** At each offset the sender stores the container's pid (u32) before sending. */
export interface HostBatch {
  readonly messages: Uint8Array;
  readonly pidOffsets: number[];
}

export interface VethPlan {
  readonly hostName: string;
  /** Unused in the host's namespace: the kernel takes a far end's index only together with the near one's. */
  readonly hostIndex: number;
  /** Index of the bridge. */
  readonly master: number;
  readonly peerName: string;
  readonly mac?: string;
  readonly mtu?: number;
}

/** A veth whose far end is born in the container's network namespace: no later move, no rename, no name clash with the host. */
export function vethToPid({ hostName, hostIndex, master, peerName, mac, mtu }: VethPlan): HostBatch {
  const message = new NetlinkWriter();
  let pidOffset = 0;
  message.begin(RTM.NEWLINK, NLM_F.CREATE | NLM_F.EXCL | NLM_F.ACK);
  message.ifinfo({ index: hostIndex, flags: IFF_UP, change: IFF_UP });
  message.text(IFLA.IFNAME, hostName);
  message.u32(IFLA.MASTER, master);
  if (mtu !== undefined) message.u32(IFLA.MTU, mtu);
  message.nested(IFLA.LINKINFO, () => {
    message.text(IFLA.INFO_KIND, "veth");
    message.nested(IFLA.INFO_DATA, () =>
      message.nested(IFLA.VETH_PEER, () => {
        message.ifinfo({ index: CONTAINER_LINK_INDEX });
        message.text(IFLA.IFNAME, peerName);
        if (mac !== undefined) message.attribute(IFLA.ADDRESS, macBytes(mac));
        if (mtu !== undefined) message.u32(IFLA.MTU, mtu);
        pidOffset = message.u32(IFLA.NET_NS_PID, 0);
      }),
    );
  });
  message.end();
  return { messages: message.finish(), pidOffsets: [pidOffset] };
}

const AF_INET = 2;
const AF_INET6 = 10;
const LOOPBACK_INDEX = 1;
/** Chosen, not guessed: a namespace is born with lo and with a tunnel device (tunl0, sit0 …) for each such module of the host. */
const CONTAINER_LINK_INDEX = 100;

/** `lo` up: all that a container without a network of its own gets. */
export function loopbackBatch(): Uint8Array {
  const message = new NetlinkWriter();
  writeUp(message, LOOPBACK_INDEX);
  return message.finish();
}

export interface InsidePlan {
  readonly address: string;
  readonly prefix: number;
  readonly gateway?: string;
  readonly ipv6?: { readonly address: string; readonly prefix: number; readonly gateway?: string };
  /** The interface gets no link-local address, so it is silent in IPv6. Only where the kernel has IPv6. */
  readonly withoutLinkLocal?: boolean;
}

/** lo up; addresses, up and default routes of the interface that `vethToPid` made. */
export function insideBatch({ address, prefix, gateway, ipv6, withoutLinkLocal = false }: InsidePlan): Uint8Array {
  const message = new NetlinkWriter();
  writeUp(message, LOOPBACK_INDEX);
  if (withoutLinkLocal) writeNoLinkLocal(message, CONTAINER_LINK_INDEX);
  writeNewAddress(message, address, prefix);
  if (ipv6) writeNewAddress(message, ipv6.address, ipv6.prefix);
  writeUp(message, CONTAINER_LINK_INDEX);
  if (gateway !== undefined) writeDefaultRoute(message, gateway);
  if (ipv6?.gateway !== undefined) writeDefaultRoute(message, ipv6.gateway);
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

function writeNewAddress(message: NetlinkWriter, address: string, prefix: number): void {
  message.begin(RTM.NEWADDR, NLM_F.CREATE | NLM_F.EXCL | NLM_F.ACK);
  writeAddress(message, CONTAINER_LINK_INDEX, address, prefix);
  message.end();
}

function writeDefaultRoute(message: NetlinkWriter, gateway: string): void {
  const RT_TABLE_MAIN = 254;
  const RTPROT_BOOT = 3;
  const RTN_UNICAST = 1;
  const bytes = addressBytes(gateway);
  message.begin(RTM.NEWROUTE, NLM_F.CREATE | NLM_F.EXCL | NLM_F.ACK);
  // struct rtmsg: family, dst_len, src_len, tos, table, protocol, scope, type, flags
  message.raw([bytes.length === 4 ? AF_INET : AF_INET6, 0, 0, 0, RT_TABLE_MAIN, RTPROT_BOOT, 0, RTN_UNICAST, 0, 0, 0, 0]);
  message.attribute(RTA.GATEWAY, bytes);
  message.u32(RTA.OIF, CONTAINER_LINK_INDEX);
  message.end();
}
