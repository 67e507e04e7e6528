import type { ImageHistoryItem, ImageInspect, ImageSummary } from "../spec/mod.ts";
import { formatFilters, type Answer, type Client, type Filters } from "./client.ts";

// A name's slashes stay as they are: the engine's routes take the rest of the path.
const at = (ref: string, rest = "") => `/images/${encodeURIComponent(ref).replaceAll("%2F", "/").replaceAll("%3A", ":").replaceAll("%40", "@")}${rest}`;

export const listImages = (client: Client, options: { all?: boolean; digests?: boolean; filters?: Filters; manifests?: boolean } = {}) =>
  client.json<ImageSummary[]>("GET", "/images/json", { query: { all: options.all || undefined, digests: options.digests || undefined, manifests: options.manifests || undefined, filters: formatFilters(options.filters) } });

export const inspectImage = (client: Client, ref: string) => client.json<ImageInspect>("GET", at(ref, "/json"));
/** `platform`: as JSON, what the image must be made for. */
export const imageHistory = (client: Client, ref: string, platform?: string) => client.json<ImageHistoryItem[]>("GET", at(ref, "/history"), { query: { platform } });
export const tagImage = (client: Client, source: string, repo: string, tag: string) => client.send("POST", at(source, "/tag"), { query: { repo, tag } });

export const removeImage = (client: Client, ref: string, options: { force?: boolean; noPrune?: boolean; platforms?: readonly string[] } = {}) =>
  client.json<Array<{ Untagged?: string; Deleted?: string }>>("DELETE", at(ref), { query: { force: options.force || undefined, noprune: options.noPrune || undefined, platforms: options.platforms } });

export const loadImage = (client: Client, body: AsyncIterable<Uint8Array>, quiet: boolean, platform?: string): Promise<Answer> =>
  client.request("POST", "/images/load", { query: { quiet, platform }, body, headers: { "Content-Type": "application/x-tar" } });

export const saveImages = (client: Client, names: readonly string[], platform?: string): Promise<Answer> => client.request("GET", "/images/get", { query: { names, platform } });

export interface ImportQuery {
  readonly fromSrc: string;
  readonly repo?: string | undefined;
  readonly tag?: string | undefined;
  readonly message?: string | undefined;
  readonly changes?: readonly string[] | undefined;
  readonly platform?: string | undefined;
}

export const importImage = (client: Client, query: ImportQuery, body?: AsyncIterable<Uint8Array>): Promise<Answer> =>
  client.request("POST", "/images/create", { query: { ...query }, ...(body && { body, headers: { "Content-Type": "application/x-tar" } }) });

export interface PullQuery {
  readonly fromImage: string;
  /** A tag or a digest; without one, all tags. */
  readonly tag?: string | undefined;
  readonly platform?: string | undefined;
}

/** @param headers of the registry's credentials */
export const pullImage = (client: Client, query: PullQuery, headers: Readonly<Record<string, string>>): Promise<Answer> =>
  client.request("POST", "/images/create", { query: { ...query }, headers });

/** `platform`: as JSON. @param headers of the registry's credentials */
export const pushImage = (client: Client, name: string, { tag, platform }: { tag?: string | undefined; platform?: string | undefined }, headers: Readonly<Record<string, string>>): Promise<Answer> =>
  client.request("POST", at(name, "/push"), { query: { tag, platform }, headers });

export const pruneImages = (client: Client, filters?: Filters) =>
  client.json<{ ImagesDeleted: Array<{ Untagged?: string; Deleted?: string }> | null; SpaceReclaimed: number }>("POST", "/images/prune", { query: { filters: formatFilters(filters) } });
