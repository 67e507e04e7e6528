import type { Client, RequestOptions } from "./client.ts";
import type { Connection } from "./connection.ts";
import { ApiError } from "./errors.ts";

/** What an engine says of a request that it does not know, or a proxy before it of one that it lets nobody ask. */
const UNKNOWN: readonly number[] = [403, 404, 405];

/** A session by a request that only our own engine knows; undefined: this is another one. @throws ApiError */
export async function ownSession(client: Client, path: string, options: RequestOptions): Promise<Connection | undefined> {
  try {
    return (await client.hijack(`/hako${path}`, options)).connection;
  } catch (error) {
    if (error instanceof ApiError && UNKNOWN.includes(error.status) && !error.detail.startsWith("No such ")) return undefined;
    throw error;
  }
}
