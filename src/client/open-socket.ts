import type { Socket, SocketHandler } from "bun";
import type { Endpoint } from "./endpoint.ts";

export type Handlers = SocketHandler<undefined>;

/** A raw socket to the engine, whatever lies between; what costs time to load is loaded only where it is needed. */
export async function openSocket(endpoint: Endpoint, socket: Handlers): Promise<Socket<undefined>> {
  switch (endpoint.kind) {
    case "unix":
      return Bun.connect<undefined>({ unix: endpoint.path, allowHalfOpen: true, socket });
    case "tcp":
      if (endpoint.tls) return (await import("./tls.ts")).openTls({ ...endpoint, tls: endpoint.tls }, socket);
      return Bun.connect<undefined>({ hostname: endpoint.hostname, port: endpoint.port, allowHalfOpen: true, socket });
    case "ssh":
      return (await import("./ssh/mod.ts")).openSsh(endpoint, socket);
  }
}
