/** The sockets on one network's gateway address. */
import { framed, unframed } from "./exchange.ts";
import type { Transport } from "./forward.ts";

/** Answers one message of a container; undefined: silence. At once where it can. */
export type Answerer = (message: Buffer, from: string, transport: Transport) => Buffer | undefined | Promise<Buffer | undefined>;

const MAX_CONNECTIONS = 256;
const MAX_CONNECTIONS_OF_ONE = 32;
const IDLE_SECONDS = 10;

export interface Listener extends AsyncDisposable {
  readonly port: number;
}

/** @throws Error EADDRINUSE, EADDRNOTAVAIL */
export async function listen(address: string, port: number, answer: Answerer): Promise<Listener> {
  const udp = await listenUDP(address, port, answer);
  try {
    const tcp = listenTCP(address, port, answer);
    return {
      port,
      [Symbol.asyncDispose]: async () => {
        udp.close();
        tcp.stop(true);
      },
    };
  } catch (error) {
    udp.close();
    throw error;
  }
}

function listenUDP(address: string, port: number, answer: Answerer): Promise<Bun.udp.Socket<"buffer">> {
  const send = (socket: Bun.udp.Socket<"buffer">, bytes: Buffer | undefined, toPort: number, to: string): void => {
    if (!bytes || socket.closed) return;
    // The socket tells of an earlier client that went before its answer came: that is not about this one.
    for (let attempt = 0; attempt < 3; attempt++)
      try {
        socket.send(bytes, toPort, to);
        return;
      } catch {
        continue;
      }
  };
  return Bun.udpSocket({
    hostname: address,
    port,
    socket: {
      data: (socket, message, fromPort, from) => {
        const bytes = answer(message, from, "udp");
        if (bytes instanceof Promise) bytes.then((later) => send(socket, later, fromPort, from), () => undefined);
        else send(socket, bytes, fromPort, from);
      },
      // Of a client that has gone, ignoring.
      error: () => undefined,
    },
  });
}

interface Connection {
  received: Buffer[];
  /** Not yet taken by the client. */
  unsent: Buffer | undefined;
  answering: boolean;
}

/** One question of a connection at a time, and none while the client does not take its answers: a connection holds two messages at most. */
function listenTCP(address: string, port: number, answer: Answerer): Bun.TCPSocketListener<Connection> {
  const connectionsOf = new Map<string, number>();
  let connections = 0;
  const counted = new WeakSet<Bun.Socket<Connection>>();

  const flush = (socket: Bun.Socket<Connection>): boolean => {
    const { data } = socket;
    if (!data.unsent) return true;
    const written = socket.write(data.unsent);
    data.unsent = written < 0 || written === data.unsent.length ? undefined : data.unsent.subarray(written);
    return data.unsent === undefined;
  };
  const proceed = async (socket: Bun.Socket<Connection>): Promise<void> => {
    const { data } = socket;
    if (data.answering) return;
    data.answering = true;
    try {
      for (let message = unframed(data.received); message && flush(socket); message = unframed(data.received)) {
        const rest = data.received[0]?.subarray(2 + message.length);
        data.received = rest && rest.length > 0 ? [rest] : [];
        const bytes = await answer(message, socket.remoteAddress, "tcp");
        if (!bytes) return void socket.end();
        data.unsent = framed(bytes);
      }
      flush(socket);
    } finally {
      data.answering = false;
    }
    if (!data.unsent) socket.resume();
  };

  return Bun.listen<Connection>({
    hostname: address,
    port,
    socket: {
      open: (socket) => {
        socket.data = { received: [], unsent: undefined, answering: false };
        const ofOne = connectionsOf.get(socket.remoteAddress) ?? 0;
        if (connections >= MAX_CONNECTIONS || ofOne >= MAX_CONNECTIONS_OF_ONE) return void socket.terminate();
        counted.add(socket);
        connections++;
        connectionsOf.set(socket.remoteAddress, ofOne + 1);
        socket.timeout(IDLE_SECONDS);
      },
      data: (socket, bytes) => {
        socket.timeout(IDLE_SECONDS);
        socket.data.received.push(bytes);
        socket.pause();
        proceed(socket).catch(() => socket.terminate());
      },
      drain: (socket) => void proceed(socket).catch(() => socket.terminate()),
      timeout: (socket) => void socket.terminate(),
      close: (socket) => {
        if (!counted.delete(socket)) return;
        connections--;
        const left = (connectionsOf.get(socket.remoteAddress) ?? 1) - 1;
        if (left > 0) connectionsOf.set(socket.remoteAddress, left);
        else connectionsOf.delete(socket.remoteAddress);
      },
      error: (socket) => void socket.terminate(),
    },
  });
}
