import { formatFilters, type Client, type Filters } from "./client.ts";

export interface Plugin {
  Id?: string;
  Name?: string;
  Enabled?: boolean;
  PluginReference?: string;
  Config?: { Description?: string } | null;
}

const at = (name: string, rest = "") => `/plugins/${encodeURIComponent(name)}${rest}`;

export const listPlugins = (client: Client, filters?: Filters) => client.json<Plugin[]>("GET", "/plugins", { query: { filters: formatFilters(filters) } });

export const inspectPlugin = (client: Client, name: string) => client.request("GET", at(name, "/json"));

export const removePlugin = (client: Client, name: string, force: boolean) => client.send("DELETE", at(name), { query: { force: force || undefined } });

/** @param timeout seconds that its socket is given */
export const enablePlugin = (client: Client, name: string, timeout: string) => client.send("POST", at(name, "/enable"), { query: { timeout } });

export const disablePlugin = (client: Client, name: string, force: boolean) => client.send("POST", at(name, "/disable"), { query: { force: force || undefined } });

export const setPlugin = (client: Client, name: string, settings: readonly string[]) => client.send("POST", at(name, "/set"), { json: settings });
