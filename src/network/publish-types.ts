import type { PortProtocol } from "../linux/mod.ts";
import type { Family } from "./subnet.ts";

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
  /** 0: none of the host's. */
  readonly hostPort: number;
}

/** Where a container's ports are. */
export interface PublishTarget {
  /** "" without one. */
  readonly ip: string;
  readonly ip6: string;
  /** The network's bridge. */
  readonly bridge: string;
  /** Families of which nothing of the host leads there: ports are reached at the container's own address. */
  readonly routed?: readonly Family[];
  /** Families of which they are reached there, if also through the host. */
  readonly direct?: readonly Family[];
}

/** What is published of one container. */
export interface Publication {
  readonly containerId: string;
  readonly target: PublishTarget;
  readonly ports: readonly PublishedPort[];
}

export const isIPv6 = (address: string): boolean => address.includes(":");

export const familyOfHost = ({ hostIp }: Pick<PublishedPort, "hostIp">): Family => (isIPv6(hostIp) ? 6 : 4);

/** Nothing of the host's is taken for it. */
export const isRouted = ({ hostPort }: PublishedPort): boolean => hostPort === 0;

/** Whether the kernel leads packets of this port to the container; else the engine passes bytes on. */
export function isTranslated(port: PublishedPort, target: PublishTarget): boolean {
  const { hostIp } = port;
  if (isRouted(port)) return false;
  return isIPv6(hostIp) ? target.ip6 !== "" && hostIp !== "::1" : target.ip !== "";
}
