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
