import type { ByteDuplex } from "../base/mod.ts";
import type { BuildRecord, BuildRequest } from "../spec/mod.ts";
import { formatFilters, type Answer, type Client, type Filters, type RequestOptions } from "./client.ts";
import type { Connection } from "./connection.ts";

/** Asks for a build; what follows on the connection is a BuildChannel's. @throws ApiError, ConnectError */
export async function openBuild(client: Client, request: BuildRequest, title: { readonly name: string; readonly context: string; readonly dockerfile: string }): Promise<ByteDuplex> {
  const { connection } = await client.hijack("/hako/build", { json: request, query: { ...title } });
  return duplexOf(connection);
}

/** The builder that every engine has: an archive with a Dockerfile in it goes there, lines of JSON come back. @throws ApiError, ConnectError */
export const classicBuild = (client: Client, { headers, ...options }: Pick<RequestOptions, "query" | "headers" | "body" | "signal">): Promise<Answer> =>
  client.request("POST", "/build", { ...options, headers: { "Content-Type": "application/x-tar", ...headers } });

/** A connection as both sides of a protocol see it; its end closes it. */
export function duplexOf(connection: Connection): ByteDuplex {
  const over = Promise.withResolvers<void>();
  const next = async (): Promise<IteratorResult<Uint8Array, undefined>> => {
    const value = await connection.read();
    if (value) return { value, done: false };
    over.resolve();
    return { value, done: true };
  };
  return {
    input: { [Symbol.asyncIterator]: () => ({ next }) },
    write: async (bytes) => {
      if (!(await connection.write(bytes))) throw new Error("the connection is closed");
    },
    end: () => {
      connection.close();
      over.resolve();
    },
    closed: over.promise,
  };
}

export interface PruneBuildsQuery {
  readonly all: boolean;
  readonly "reserved-space": number | undefined;
  readonly "max-used-space": number | undefined;
  readonly "min-free-space": number | undefined;
  readonly filters: Filters;
}

export const pruneBuilds = (client: Client, { filters, all, ...others }: PruneBuildsQuery) =>
  client.json<{ CachesDeleted: string[] | null; SpaceReclaimed: number }>("POST", "/build/prune", { query: { all: all || undefined, ...others, filters: formatFilters(filters) } });

export const listBuilds = (client: Client) => client.json<BuildRecord[]>("GET", "/hako/builds");
/** What happened in it, a BuildMessage a line. */
export const buildLogs = (client: Client, ref: string): Promise<Answer> => client.request("GET", `/hako/builds/${encodeURIComponent(ref)}/logs`);
export const removeBuild = (client: Client, ref: string) => client.send("DELETE", `/hako/builds/${encodeURIComponent(ref)}`);
