import type { ReachWay } from "../../spec/mod.ts";

/** A port of a container that is to be reached from outside; `hostPorts` absent: any number that is free. */
export interface PortWish {
  readonly protocol: "tcp" | "udp" | "sctp";
  readonly containerPort: number;
  /** "": every address of the host. */
  readonly hostIp: string;
  readonly hostPorts?: readonly [first: number, last: number];
}

export interface PublishedPort {
  readonly protocol: "tcp" | "udp" | "sctp";
  readonly containerPort: number;
  readonly hostIp: string;
  /** 0: none of the host's, the container's own is reached. */
  readonly hostPort: number;
}

/** Where a container is; of `routed` families nothing of the host leads there, of `direct` ones ports are reached at its own address as well. */
export interface PublishTarget {
  readonly ip: string;
  readonly ip6: string;
  readonly bridge: string;
  readonly routed?: readonly (4 | 6)[];
  readonly direct?: readonly (4 | 6)[];
}

/** Ports of the host that lead to containers. */
export interface PublishPort {
  /** Adds to what is published; all or nothing. @throws EngineError Conflict, InvalidParameter, System, in Docker's words */
  publish(containerId: string, target: PublishTarget, wishes: readonly PortWish[]): Promise<readonly PublishedPort[]>;
  unpublish(containerId: string): void;
  /** A running container reaches itself through a port that it publishes; the number of its interface's end on the host. */
  letReachItself(hostIndex: number): void;
  /** Takes back some of them. */
  withdraw(containerId: string, ports: readonly PublishedPort[]): void;
  published(containerId: string): readonly PublishedPort[];
  /** Where each comes from, leads to, and by what; `containerPort` like `80/tcp`. */
  ways(containerId: string): { readonly containerPort: string; readonly way: ReachWay }[];
  /** The container is to be reached elsewhere. */
  retarget(containerId: string, target: PublishTarget): Promise<void>;
  sweep(liveIds: ReadonlySet<string>): void;
}
