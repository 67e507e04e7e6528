import type { EventMessage, SystemDataUsage, SystemInfo, SystemVersion } from "../spec/mod.ts";
import { formatFilters, type Client, type Filters } from "./client.ts";
import { readJsonLines } from "./json-lines.ts";

export const ping = (client: Client) => client.send("GET", "/_ping");
export const systemVersion = (client: Client) => client.json<SystemVersion>("GET", "/version");
export const systemInfo = (client: Client) => client.json<SystemInfo>("GET", "/info");
export const systemDf = (client: Client) => client.json<SystemDataUsage>("GET", "/system/df");

export async function* events(client: Client, options: { since?: string | undefined; until?: string | undefined; filters?: Filters }): AsyncGenerator<EventMessage, void, void> {
  const answer = await client.request("GET", "/events", { query: { since: options.since, until: options.until, filters: formatFilters(options.filters) } });
  yield* readJsonLines<EventMessage>(answer.body);
}
