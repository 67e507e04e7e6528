import { formatFilters, type Client, type Filters } from "./client.ts";

export interface RegistryCredentials {
  readonly username: string;
  readonly password: string;
  readonly identitytoken: string;
  readonly serveraddress: string;
}

export const registryLogin = (client: Client, body: RegistryCredentials) => client.json<{ Status: string; IdentityToken: string }>("POST", "/auth", { json: body });

export interface SearchedImage {
  readonly star_count: number;
  readonly is_official: boolean;
  readonly name: string;
  readonly description: string;
}

/** @param headers of the registry's credentials */
export const searchImages = (client: Client, { term, limit, filters }: { term: string; limit?: number | undefined; filters?: Filters }, headers: Readonly<Record<string, string>>) =>
  client.json<SearchedImage[]>("GET", "/images/search", { query: { term, limit, filters: formatFilters(filters) }, headers });

/** What a registry has under an image's name, as the engine sees it. @param headers of the registry's credentials */
export const distributionOf = (client: Client, name: string, headers: Readonly<Record<string, string>>) => client.json<{ readonly Descriptor: { readonly digest: string } }>("GET", `/distribution/${name}/json`, { headers });

/** The registry that the engine runs; empty texts and 0 while it does not. */
export interface RegistryService {
  readonly Enabled: boolean;
  readonly Running: boolean;
  readonly Address: string;
  readonly Pid: number;
  readonly Since: string;
  readonly Root: string;
  readonly StorageBytes: number;
}

export const startRegistry = (client: Client, settings: Readonly<Record<string, string>>) => client.json<RegistryService>("POST", "/hako/registry/start", { json: { Settings: settings } });
export const stopRegistry = (client: Client) => client.json<RegistryService>("POST", "/hako/registry/stop");
export const registryStatus = (client: Client) => client.json<RegistryService>("GET", "/hako/registry");
