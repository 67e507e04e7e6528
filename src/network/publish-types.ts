import type { PortProtocol } from "../linux/mod.ts";

/** A port of a container that is to be reached from outside. */
export interface PortWish {
  readonly protocol: PortProtocol;
  readonly containerPort: number;
  /** "": every address of the host. */
  readonly hostIp: string;
  /** One of these numbers, the ends included; absent: any that is free. */
  readonly hostPorts?: readonly [first: number, last: number];
}

/** One address and port of the host that leads to a container's port. */
export interface PublishedPort {
  readonly protocol: PortProtocol;
  readonly containerPort: number;
  /** `0.0.0.0`, `::`, or one address of the host. */
  readonly hostIp: string;
  readonly hostPort: number;
}

/** Where a container's ports are. */
export interface PublishTarget {
  /** "" without one. */
  readonly ip: string;
  readonly ip6: string;
  /** The network's bridge. */
  readonly bridge: string;
}

/** What is published of one container. */
export interface Publication {
  readonly containerId: string;
  readonly target: PublishTarget;
  readonly ports: readonly PublishedPort[];
}

export const isIPv6 = (address: string): boolean => address.includes(":");

/** Whether the kernel leads packets of this port to the container; else the engine passes bytes on. */
export function isTranslated({ hostIp }: PublishedPort, target: PublishTarget): boolean {
  return isIPv6(hostIp) ? target.ip6 !== "" && hostIp !== "::1" : target.ip !== "";
}
