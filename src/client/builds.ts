import type { ByteDuplex } from "../base/mod.ts";
import type { BuildRequest } from "../spec/mod.ts";
import type { Client } from "./client.ts";
import type { Connection } from "./connection.ts";

/** Asks for a build; what follows on the connection is a BuildChannel's. @throws ApiError, ConnectError */
export async function openBuild(client: Client, request: BuildRequest): Promise<ByteDuplex> {
  const { connection } = await client.hijack("/hako/build", { json: request });
  return duplexOf(connection);
}

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
