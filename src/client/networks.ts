import { formatFilters, type Client, type Filters } from "./client.ts";

export interface Network {
  Name?: string;
  Id?: string;
  Created?: string;
  Scope?: string;
  Driver?: string;
  EnableIPv4?: boolean;
  EnableIPv6?: boolean;
  Internal?: boolean;
  Labels?: Record<string, string> | null;
}

export const listNetworks = (client: Client, filters?: Filters) => client.json<Network[]>("GET", "/networks", { query: { filters: formatFilters(filters) } });
export const inspectNetwork = (client: Client, ref: string, verbose = false) => client.json<Network>("GET", `/networks/${encodeURIComponent(ref)}`, { query: { verbose: verbose || undefined } });
export const pruneNetworks = (client: Client, filters?: Filters) => client.json<{ NetworksDeleted: string[] | null }>("POST", "/networks/prune", { query: { filters: formatFilters(filters) } });

export interface NetworkPool {
  Subnet?: string;
  IPRange?: string;
  Gateway?: string;
  AuxiliaryAddresses?: Record<string, string>;
}

export interface NewNetwork {
  Name: string;
  Driver?: string;
  Scope?: string;
  Internal?: boolean;
  Attachable?: boolean;
  Ingress?: boolean;
  ConfigOnly?: boolean;
  ConfigFrom?: { Network: string };
  EnableIPv4?: boolean;
  EnableIPv6?: boolean;
  IPAM?: { Driver: string; Options?: Record<string, string>; Config: NetworkPool[] };
  Options?: Record<string, string>;
  Labels?: Record<string, string>;
}

export const createNetwork = (client: Client, network: NewNetwork) => client.json<{ Id?: string; Warning?: string }>("POST", "/networks/create", { json: network });
export const removeNetwork = (client: Client, ref: string) => client.send("DELETE", `/networks/${encodeURIComponent(ref)}`);

export interface NewEndpoint {
  IPAMConfig: { IPv4Address: string; IPv6Address: string; LinkLocalIPs: readonly string[] };
  Links: readonly string[];
  Aliases: readonly string[];
  DriverOpts: Record<string, string>;
  GwPriority: number;
}

export const connectNetwork = (client: Client, ref: string, container: string, endpoint: NewEndpoint) =>
  client.send("POST", `/networks/${encodeURIComponent(ref)}/connect`, { json: { Container: container, EndpointConfig: endpoint } });

export const disconnectNetwork = (client: Client, ref: string, container: string, force: boolean) =>
  client.send("POST", `/networks/${encodeURIComponent(ref)}/disconnect`, { json: { Container: container, Force: force } });
