import type { NamedContainer } from "../../dns/mod.ts";
import type { InterfaceCounters } from "../../linux/mod.ts";
import type { Attachment, Endpoint, EndpointWish, NetworkRecord, NetworkRequest } from "../../network/mod.ts";

export interface NetlinkToHost {
  readonly messages: Uint8Array;
  readonly pidOffsets: readonly number[];
}

export interface NetworkPort {
  /** The default network. */
  readonly bridge: { readonly name: string; readonly id: string; readonly subnet: string; readonly gateway: string; readonly mtu: number };
  /** All of them, oldest first; bridge, host and none too. */
  networks(): readonly NetworkRecord[];
  /** What keeps this network's containers from other machines, in a sentence, or "". */
  warningOf(network: NetworkRecord): string;
  /** By id, name or unambiguous beginning of an id. */
  find(ref: string): NetworkRecord | undefined;
  create(request: NetworkRequest): Promise<NetworkRecord>;
  /** Whether somebody is connected is the caller's to ask. */
  remove(id: string): void;
  /** Resolves when `connect` and `remove` find the kernel at leisure: they hold this thread until it is done. */
  calm(): Promise<void>;
  /** Resolves when of removed networks nothing is left in the kernel. */
  settled(): Promise<void>;
  /** Reserves addresses for a container that is about to start; what it had before is let go of. */
  attach(containerId: string, wishes: readonly EndpointWish[]): Attachment;
  /** When what the last `attach` or `connect` needs is in the kernel. @throws EngineError System */
  ready(): Promise<void>;
  /** Frees all addresses of a container whose network namespace is gone, or goes. */
  detach(containerId: string): void;
  /** Links a running container to one more network. */
  connect(containerId: string, pid: number, wish: EndpointWish): Endpoint;
  /** Undefined when it had no endpoint there. */
  disconnect(containerId: string, pid: number, networkId: string): Promise<Endpoint | undefined>;
  /** Of one container, in the order of its interfaces; none while it does not run. */
  endpoints(containerId: string): readonly Endpoint[];
  endpointsOn(networkId: string): readonly Endpoint[];
  /** Of every interface of the host, by number, as the host sees them. */
  interfaceCounters(): ReadonlyMap<number, InterfaceCounters>;
  sweep(liveIds: ReadonlySet<string>): void;
  /** Sentences for /info: what on this host keeps containers from the network. */
  readonly warnings: readonly string[];
}

/** Names of containers on the networks that users make, and who answers when they are asked for. */
export interface NamesPort {
  /** In place of what was known of the container; from this moment on. */
  set(container: NamedContainer): void;
  remove(containerId: string): void;
  /** Does not fail: the operator is told of a network without resolver. */
  serve(network: { readonly id: string; readonly bridge: string; readonly gateway: string }): Promise<void>;
  unserve(networkId: string): Promise<void>;
}
