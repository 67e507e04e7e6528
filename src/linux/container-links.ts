/** Batches that the shim sends for a container's network: one in the host's namespace, one inside the container's. */
import { addressBytes, macBytes } from "./ip-address.ts";
import { IFF_UP, IFLA, NetlinkWriter, NLM_F, RTA, RTM } from "./netlink-message.ts";
import { writeAddress } from "./rtnetlink.ts";

/** At each offset the sender stores the container's pid (u32) before sending. */
export interface HostBatch {
  readonly messages: Uint8Array;
  readonly pidOffsets: number[];
}

/** A veth whose far end is born in the container's network namespace: no later move, no rename, no name clash with the host. */
export function vethToPid({ hostName, master, peerName, mac, mtu }: { hostName: string; master: number; peerName: string; mac?: string; mtu?: number }): HostBatch {
  const message = new NetlinkWriter();
  let pidOffset = 0;
  message.begin(RTM.NEWLINK, NLM_F.CREATE | NLM_F.EXCL | NLM_F.ACK);
  message.ifinfo({ flags: IFF_UP, change: IFF_UP });
  message.text(IFLA.IFNAME, hostName);
  message.u32(IFLA.MASTER, master);
  if (mtu !== undefined) message.u32(IFLA.MTU, mtu);
  message.nested(IFLA.LINKINFO, () => {
    message.text(IFLA.INFO_KIND, "veth");
    message.nested(IFLA.INFO_DATA, () =>
      message.nested(IFLA.VETH_PEER, () => {
        message.ifinfo({});
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
/** In a namespace just made lo is 1 and the veth's end, the first to come, is 2. */
const FIRST_INDEX = 2;

/** `lo` up: all that a container without a network of its own gets. */
export function loopbackBatch(): Uint8Array {
  const message = new NetlinkWriter();
  writeUp(message, LOOPBACK_INDEX);
  return message.finish();
}

/** lo up; addresses, up and default routes of the one interface. */
export function insideBatch({ ifName, address, prefix, gateway, ipv6 }: { ifName: string; mac?: string; address: string; prefix: number; gateway?: string; ipv6?: { address: string; prefix: number; gateway?: string } }): Uint8Array {
  const message = new NetlinkWriter();
  writeUp(message, LOOPBACK_INDEX);
  writeNewAddress(message, address, prefix);
  if (ipv6) writeNewAddress(message, ipv6.address, ipv6.prefix);
  writeUp(message, FIRST_INDEX, ifName);
  if (gateway !== undefined) writeDefaultRoute(message, gateway);
  if (ipv6?.gateway !== undefined) writeDefaultRoute(message, ipv6.gateway);
  return message.finish();
}

/** With its name, so that a wrong guess of the index is an error and not another interface. */
function writeUp(message: NetlinkWriter, index: number, name?: string): void {
  message.begin(RTM.NEWLINK, NLM_F.ACK);
  message.ifinfo({ index, flags: IFF_UP, change: IFF_UP });
  if (name !== undefined) message.text(IFLA.IFNAME, name);
  message.end();
}

function writeNewAddress(message: NetlinkWriter, address: string, prefix: number): void {
  message.begin(RTM.NEWADDR, NLM_F.CREATE | NLM_F.EXCL | NLM_F.ACK);
  writeAddress(message, FIRST_INDEX, address, prefix);
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
  message.u32(RTA.OIF, FIRST_INDEX);
  message.end();
}
