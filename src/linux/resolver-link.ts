/**
 * The way from a container to its network's resolver, in its own namespace: no packet filter, no socket, no process of ours.
 *
 * 127.0.0.11 is routed over the link like an address of another machine; whoever holds the gateway turns it into a socket of its own.
 * The answer bears 127.0.0.11 as its source, which the kernel takes from a link only with route_localnet. That switch alone would also let
 * neighbours reach 127.0.0.1, so what comes from a link for 127.0.0.0/8 is dropped by a routing rule before anybody looks for a local address.
 */
import { addressBytes } from "./ip-address.ts";
import { IFLA, NetlinkWriter, NLM_F, RTA, RTM } from "./netlink-message.ts";

export const RESOLVER_ADDRESS = "127.0.0.11";

const NEWRULE = 32;
const DELRULE = 33;
const FRA = { DST: 1, IIFNAME: 3, PRIORITY: 6 } as const;
const ACTION = { TO_TABLE: 1, BLACKHOLE: 6 } as const;
const RT_TABLE_LOCAL = 255;
const AF_INET = 2;
const LOOPBACK_NET = [127, 0, 0, 0];
const IFLA_INET_CONF = 1;
const IPV4_DEVCONF = { ARP_ANNOUNCE: 18, ROUTE_LOCALNET: 26 } as const;
const RTA_PREFSRC = 7;
const RTN_UNICAST = 1;
const RTPROT_BOOT = 3;
/** The host's address may be none of the container's subnet. */
const RTNH_F_ONLINK = 4;

export interface ResolverLink {
  /** Of the interface inside the container, which is up and has its address. */
  readonly index: number;
  /** The network's gateway, where the resolver listens. */
  readonly gateway: string;
  /** The container's address on that network. */
  readonly address: string;
}

/** Once in the life of a namespace: the rules that keep 127.0.0.0/8 inside. */
export function loopbackGuardBatch(): Uint8Array {
  const message = new NetlinkWriter();
  // The kernel's rule for local addresses comes first of all; it makes room and comes last of these.
  writeRule(message, NEWRULE, { priority: 3, action: ACTION.TO_TABLE });
  writeRule(message, NEWRULE, { priority: 1, action: ACTION.TO_TABLE, from: "lo" });
  writeRule(message, NEWRULE, { priority: 2, action: ACTION.BLACKHOLE, to: LOOPBACK_NET });
  writeRule(message, DELRULE, { priority: 0, action: ACTION.TO_TABLE });
  return message.finish();
}

/** Takes the place of the way over another link. */
export function resolverLinkBatch({ index, gateway, address }: ResolverLink): Uint8Array {
  const message = new NetlinkWriter();
  message.begin(RTM.SETLINK, NLM_F.ACK);
  message.ifinfo({ index });
  writeSwitch(message, IPV4_DEVCONF.ROUTE_LOCALNET, 1);
  message.end();
  message.begin(RTM.NEWROUTE, NLM_F.CREATE | NLM_F.REPLACE | NLM_F.ACK);
  // struct rtmsg: family, dst_len, src_len, tos, table, protocol, scope, type, flags
  message.raw([AF_INET, 32, 0, 0, RT_TABLE_LOCAL, RTPROT_BOOT, 0, RTN_UNICAST, RTNH_F_ONLINK, 0, 0, 0]);
  message.attribute(RTA.DST, addressBytes(RESOLVER_ADDRESS));
  message.attribute(RTA.GATEWAY, addressBytes(gateway));
  message.attribute(RTA_PREFSRC, addressBytes(address));
  message.u32(RTA.OIF, index);
  message.end();
  return message.finish();
}

/**
 * On the host, for a bridge by its name. Answers leave it under 127.0.0.11, and by default the kernel asks for a container's link address in
 * the name of the packet it has at hand: the reply to such a question it would not take.
 */
export function announceGatewayBatch(bridge: string): Uint8Array {
  const BEST_LOCAL_ADDRESS = 2;
  const message = new NetlinkWriter();
  message.begin(RTM.SETLINK, NLM_F.ACK);
  message.ifinfo({});
  message.text(IFLA.IFNAME, bridge);
  writeSwitch(message, IPV4_DEVCONF.ARP_ANNOUNCE, BEST_LOCAL_ADDRESS);
  message.end();
  return message.finish();
}

function writeSwitch(message: NetlinkWriter, number: number, value: number): void {
  message.nested(IFLA.AF_SPEC, () => message.nested(AF_INET, () => message.nested(IFLA_INET_CONF, () => message.u32(number, value))));
}

/** struct fib_rule_hdr: family, dst_len, src_len, tos, table, two reserved, action, flags */
function writeRule(message: NetlinkWriter, type: number, { priority, action, from, to }: { priority: number; action: number; from?: string; to?: readonly number[] }): void {
  message.begin(type, NLM_F.ACK | (type === NEWRULE ? NLM_F.CREATE | NLM_F.EXCL : 0));
  message.raw([AF_INET, to ? 8 : 0, 0, 0, action === ACTION.TO_TABLE ? RT_TABLE_LOCAL : 0, 0, 0, action, 0, 0, 0, 0]);
  message.u32(FRA.PRIORITY, priority);
  if (from !== undefined) message.text(FRA.IIFNAME, from);
  if (to !== undefined) message.attribute(FRA.DST, to);
  message.end();
}
