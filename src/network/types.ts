/** A network as it was created: every choice made. */
export interface NetworkRecord {
  /** 64 hexadecimal digits. */
  readonly id: string;
  readonly name: string;
  readonly createdAt: string;
  readonly driver: NetworkDriver;
  readonly enableIPv4: boolean;
  readonly enableIPv6: boolean;
  readonly internal: boolean;
  readonly attachable: boolean;
  readonly configOnly: boolean;
  /** Name of the network whose configuration it took, or "". */
  readonly configFrom: string;
  /** As it was asked for, with what was chosen, and shown. */
  readonly ipam: AddressManagement;
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** Where addresses come from. */
  readonly pools: readonly AddressPoolRecord[];
  /** The bridge, or the parent of macvlan and ipvlan; "" for host and none. */
  readonly interfaceName: string;
  readonly mtu: number;
}

export type NetworkDriver = "bridge" | "host" | "null" | "macvlan" | "ipvlan";

export interface AddressManagement {
  readonly driver: string;
  readonly options: Readonly<Record<string, string>> | null;
  readonly config: readonly AddressRange[] | null;
}

/** An entry of Docker's IPAM configuration. */
export interface AddressRange {
  readonly Subnet?: string;
  readonly IPRange?: string;
  readonly Gateway?: string;
  readonly AuxiliaryAddresses?: Readonly<Record<string, string>>;
}

export interface AddressPoolRecord {
  readonly subnet: string;
  /** Where addresses are chosen from. */
  readonly range: string;
  /** The host's own, which nobody else gets; "" on a network that the host is not on. */
  readonly gateway: string;
  /** Where the default route of containers leads, when not to the host. */
  readonly defaultGateway?: string;
  /** By the engine; else the user said which. */
  readonly chosen: boolean;
  /** Addresses that are given to nobody. */
  readonly reserved: readonly string[];
}

/** What a network is asked for; the rest is chosen. */
export interface NetworkRequest {
  readonly name: string;
  /** "": bridge. */
  readonly driver: string;
  readonly enableIPv4?: boolean | undefined;
  readonly enableIPv6?: boolean | undefined;
  readonly internal: boolean;
  readonly attachable: boolean;
  readonly configOnly: boolean;
  readonly configFrom: string;
  readonly ipam: { readonly driver: string; readonly options: Readonly<Record<string, string>> | null; readonly config: readonly AddressRange[] };
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

/** What a container asks of a network. */
export interface EndpointWish {
  readonly networkId: string;
  readonly ip?: string;
  readonly ip6?: string;
  readonly linkLocal?: readonly string[];
  /** `02:42:…` */
  readonly mac?: string;
  /** By which others on the network find it. */
  readonly names: readonly string[];
  /** Chosen (ethN) when absent. */
  readonly interfaceName?: string;
  /** The default route leads over the network with the highest. */
  readonly gatewayPriority?: number;
}

/** A container's attachment to a network, while it runs. */
export interface Endpoint {
  /** 64 hexadecimal digits. */
  readonly endpointId: string;
  readonly containerId: string;
  readonly networkId: string;
  readonly networkName: string;
  /** The network's bridge; "" for macvlan and ipvlan. */
  readonly bridge: string;
  /** "" on a network without IPv4; so prefix 0. */
  readonly ip: string;
  readonly prefix: number;
  /** "" where nothing leads outside. */
  readonly gateway: string;
  readonly ip6: string;
  readonly prefix6: number;
  readonly gateway6: string;
  readonly linkLocal: readonly string[];
  readonly mac: string;
  readonly names: readonly string[];
  /** The host's address on the bridge, where names are resolved; "" where they are not. */
  readonly resolver: string;
  /** Inside the container. */
  readonly interfaceName: string;
  readonly insideIndex: number;
  /** The end on the host; "" and 0 where there is none. */
  readonly hostInterface: string;
  readonly hostIndex: number;
  readonly gatewayPriority: number;
}

/** Endpoints, and what the shim sends: in the host's namespace (with the container's pid at the offsets), and inside. */
export interface Attachment {
  readonly endpoints: readonly Endpoint[];
  readonly netlink: { readonly host: { readonly messages: Uint8Array; readonly pidOffsets: number[] }; readonly inside: Uint8Array };
}
