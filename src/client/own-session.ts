import type { Client, RequestOptions } from "./client.ts";
import type { Connection } from "./connection.ts";
import { ApiError } from "./errors.ts";

/** A session by a request that only our own engine knows; undefined: this is another one. @throws ApiError */
export async function ownSession(client: Client, path: string, options: RequestOptions): Promise<Connection | undefined> {
  try {
    return (await client.hijack(`/hako${path}`, options)).connection;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404 && !error.detail.startsWith("No such ")) return undefined;
    throw error;
  }
}
