import type { udp } from "bun";
import type { Hold } from "./publish-relay.ts";

/** What Bun has and its types do not: IPV6_V6ONLY of its socket library. */
const IPV6_ONLY = 8;
type BindOptions = udp.SocketOptions<"buffer"> & { readonly flags: number };
type ConnectOptions = udp.ConnectSocketOptions<"buffer">;

/** Docker's: a client that is silent for so long begins anew, under another port of the host. */
const IDLE_MS = 90_000;
const SWEEP_MS = 10_000;
/** Of one port, each with a descriptor: strangers must not be able to take all that the engine has. */
const MAX_CLIENTS = 1024;

interface Client {
  readonly upstream: udp.ConnectedSocket<"buffer">;
  usedAt: number;
}

interface Limits {
  readonly maxClients?: number;
  readonly idleMs?: number;
  readonly sweepMs?: number;
}

/**
 * Passes datagrams on to a container, where the kernel cannot: an IPv6 port that leads to a container without IPv6, and ::1. The container
 * sees the host's address, and each client as a port of it. When all places are taken, new clients are not served until one has been silent.
 * @throws Error with the code of bind(2)
 */
export function relayDatagrams(hostIp: string, hostPort: number, target: { readonly address: string; readonly port: number }, { maxClients = MAX_CLIENTS, idleMs = IDLE_MS, sweepMs = SWEEP_MS }: Limits = {}): Hold {
  const clients = new Map<string, Client>();
  const connect = (socket: udp.Socket<"buffer">, port: number, address: string): Client | undefined => {
    if (clients.size >= maxClients) return undefined;
    const options: ConnectOptions = {
      connect: { hostname: target.address, port: target.port },
      socket: { data: (_, bytes) => void socket.send(bytes, port, address), error: () => undefined },
    };
    return { upstream: opened<udp.ConnectedSocket<"buffer">>(Bun.udpSocket(options)), usedAt: 0 };
  };
  const options: BindOptions = {
    hostname: hostIp,
    port: hostPort,
    flags: IPV6_ONLY,
    socket: {
      data: (socket, bytes, port, address) => {
        const key = `${address} ${port}`;
        const client = clients.get(key) ?? connect(socket, port, address);
        if (!client) return;
        clients.set(key, client);
        client.usedAt = performance.now();
        client.upstream.send(bytes);
      },
      error: () => undefined,
    },
  };
  const socket = opened<udp.Socket<"buffer">>(Bun.udpSocket(options));
  const sweep = setInterval(() => {
    for (const [key, { upstream, usedAt }] of clients)
      if (performance.now() - usedAt > idleMs) {
        upstream.close();
        clients.delete(key);
      }
  }, sweepMs);
  sweep.unref();
  return {
    release: () => {
      clearInterval(sweep);
      socket.close();
      for (const { upstream } of clients.values()) upstream.close();
      clients.clear();
    },
  };
}

/** A socket of addresses, not of names, is there at once, or refused at once. */
function opened<T extends udp.Socket<"buffer"> | udp.ConnectedSocket<"buffer">>(socket: Promise<unknown>): T {
  const result: unknown = Bun.peek(socket);
  if (result instanceof Error) {
    socket.catch(() => undefined);
    throw result;
  }
  return result as T;
}
