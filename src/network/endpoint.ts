import { insideBatch, vethToPid } from "../linux/mod.ts";
import { formatAddress } from "./subnet.ts";

/** A container's attachment to the bridge. */
export interface Endpoint {
  /** 64 hexadecimal digits. */
  readonly endpointId: string;
  readonly ip: string;
  readonly prefix: number;
  readonly gateway: string;
  readonly mac: string;
  readonly hostInterface: string;
  readonly hostIndex: number;
  /** What the shim sends: in the host's namespace (with the container's pid at the offsets), and inside. */
  readonly netlink: { readonly host: { readonly messages: Uint8Array; readonly pidOffsets: number[] }; readonly inside: Uint8Array };
}

export interface EndpointRow {
  endpoint_id: string;
  address: number;
  mac: string;
}

export interface BridgeFacts {
  readonly index: number;
  readonly prefix: number;
  readonly gateway: string;
  readonly mtu: number;
  /** The kernel has IPv6, which these containers do not use. */
  readonly silenceIPv6: boolean;
}

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

/** Docker's: a local address made of the four bytes of the IP address. */
export function macOfAddress(address: number): string {
  return ["02", "42", ...[24, 16, 8, 0].map((shift) => ((address >>> shift) & 0xff).toString(16).padStart(2, "0"))].join(":");
}

export function endpointOf(row: EndpointRow, bridge: BridgeFacts): Endpoint {
  const hostInterface = hostInterfaceName(row.endpoint_id);
  const ip = formatAddress(row.address);
  // Far above what the kernel counts up to by itself.
  const hostIndex = FIRST_HOST_INDEX + Number.parseInt(row.endpoint_id.slice(0, HOST_INDEX_DIGITS), 16);
  return {
    endpointId: row.endpoint_id,
    ip,
    prefix: bridge.prefix,
    gateway: bridge.gateway,
    mac: row.mac,
    hostInterface,
    hostIndex,
    netlink: {
      host: vethToPid({ hostName: hostInterface, hostIndex, master: bridge.index, peerName: "eth0", mac: row.mac, mtu: bridge.mtu }),
      inside: insideBatch({ address: ip, prefix: bridge.prefix, gateway: bridge.gateway, withoutLinkLocal: bridge.silenceIPv6 }),
    },
  };
}
