import type { EventMessage, SystemDataUsage, SystemInfo, SystemVersion } from "../spec/mod.ts";
import { formatFilters, type Client, type Filters } from "./client.ts";
import { readLines } from "./json-lines.ts";

export const ping = (client: Client) => client.send("GET", "/_ping");
export const systemVersion = (client: Client) => client.json<SystemVersion>("GET", "/version");
export const systemInfo = (client: Client) => client.json<SystemInfo>("GET", "/info");
export const systemDf = (client: Client) => client.json<SystemDataUsage>("GET", "/system/df");

export interface StoreFinding {
  readonly kind: "blob" | "layer";
  readonly digest: string;
  readonly images: readonly string[];
  readonly problem: string;
  readonly mended?: string;
  readonly remedy?: string;
}

export interface StoreSummary {
  readonly blobs: number;
  readonly bytes: number;
  readonly layers: number;
  readonly damaged: number;
  readonly mended: number;
}

/** What a check of the engine's images finds, as it is found. */
export async function* checkStore(client: Client, repair: boolean): AsyncGenerator<StoreFinding | { readonly summary: StoreSummary } | { readonly error: string }, void, void> {
  const answer = await client.request("POST", "/hako/system/check", { query: { repair } });
  for await (const text of readLines(answer.body)) yield JSON.parse(text) as StoreFinding;
}

export interface EventLine {
  readonly event: EventMessage;
  /** As it was sent: its nanoseconds are more than a number holds. */
  readonly text: string;
}

export async function* events(client: Client, options: { since?: string | undefined; until?: string | undefined; filters?: Filters }): AsyncGenerator<EventLine, void, void> {
  const answer = await client.request("GET", "/events", { query: { since: options.since, until: options.until, filters: formatFilters(options.filters) } });
  for await (const text of readLines(answer.body)) yield { event: JSON.parse(text) as EventMessage, text };
}
