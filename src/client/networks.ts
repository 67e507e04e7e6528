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
