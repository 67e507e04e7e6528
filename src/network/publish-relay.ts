import type { Socket, TCPSocketListenOptions } from "bun";
import { closeFd, endWriting, holdPort, type PortProtocol } from "../linux/mod.ts";

/** What keeps a port of the host until it is released. */
export interface Hold {
  release(): void;
}

/** One direction's way out, and what it has not taken yet. */
interface End {
  /** Undefined until it is connected. */
  socket: Socket<End> | undefined;
  other: End | undefined;
  waiting: Uint8Array[];
  /** Nothing follows. */
  ended: boolean;
  /** And the peer has been told. */
  finished: boolean;
  /** By the port, and not opened to the container. */
  readonly accepted?: boolean;
}

type EndSocket = Socket<End>;

/** What Bun has and its types do not. */
type ListenOptions = TCPSocketListenOptions<End> & { readonly ipv6Only: boolean };
type WithDescriptor = EndSocket & { readonly fd: number };

/** Of one port, each with two descriptors: strangers must not be able to take all that the engine has. */
const MAX_CONNECTIONS = 4096;

/**
 * Listens on a port and passes bytes on to a container, where the kernel cannot: an IPv6 port that leads to a container
 * without IPv6, and ::1. The container sees the host's address. It works as long as this process lives.
 * @throws Error with the code of listen(2)
 */
export function relayPort(hostIp: string, hostPort: number, target: { readonly address: string; readonly port: number }, maxConnections = MAX_CONNECTIONS): Hold {
  let clients = 0;
  const open = new Set<EndSocket>();
  const events = {
    data: (socket: EndSocket, bytes: Buffer) => {
      const { other } = socket.data;
      if (other && !send(other, bytes)) socket.pause();
    },
    drain: (socket: EndSocket) => {
      if (flush(socket.data)) socket.data.other?.socket?.resume();
    },
    end: (socket: EndSocket) => {
      const { other } = socket.data;
      if (!other) return void socket.terminate();
      other.ended = true;
      flush(other);
    },
    close: (socket: EndSocket) => {
      if (!open.delete(socket)) return;
      if (socket.data.accepted) clients--;
      // One that has not told its end has broken off.
      const { other, finished } = socket.data;
      if (other && !(finished && other.ended)) other.socket?.terminate();
    },
    error: (socket: EndSocket) => void socket.terminate(),
  };
  const options: ListenOptions = {
    hostname: hostIp,
    port: hostPort,
    ipv6Only: true,
    allowHalfOpen: true,
    socket: {
      ...events,
      open: (client) => {
        const near: End = { socket: client, other: undefined, waiting: [], ended: false, finished: false, accepted: true };
        client.data = near;
        if (clients >= maxConnections) return void client.terminate();
        clients++;
        open.add(client);
        const far: End = { socket: undefined, other: near, waiting: [], ended: false, finished: false };
        near.other = far;
        client.pause();
        void Bun.connect<End>({
          hostname: target.address,
          port: target.port,
          allowHalfOpen: true,
          data: far,
          socket: {
            ...events,
            open: (upstream) => {
              // The client did not wait for it.
              if (!open.has(client)) return void upstream.terminate();
              open.add(upstream);
              far.socket = upstream;
              flush(far);
              client.resume();
            },
            connectError: () => void client.terminate(),
          },
        }).catch(() => client.terminate());
      },
    },
  };
  const server = Bun.listen(options);
  return {
    release: () => {
      server.stop(true);
      for (const socket of open) socket.terminate();
    },
  };
}

/** False when the rest waits. */
function send(end: End, bytes: Uint8Array): boolean {
  const { socket, waiting } = end;
  const written = socket && waiting.length === 0 ? Math.max(0, socket.write(bytes)) : 0;
  if (written === bytes.length) return true;
  waiting.push(Uint8Array.from(bytes.subarray(written)));
  return false;
}

/** True when nothing waits any more. */
function flush(end: End): boolean {
  const { socket, waiting } = end;
  if (!socket) return false;
  for (let [next] = waiting; next; [next] = waiting) {
    const written = Math.max(0, socket.write(next));
    if (written < next.length) {
      waiting[0] = next.subarray(written);
      return false;
    }
    waiting.shift();
  }
  if (end.ended) finish(end, socket);
  return true;
}

/** Bun's own shutdown closes the way back as well. */
function finish(end: End, socket: EndSocket): void {
  if (end.finished) return;
  end.finished = true;
  endWriting((socket as WithDescriptor).fd);
  if (!end.other?.finished) return;
  socket.end();
  end.other.socket?.end();
}

/** Only has the port, so that no other program of the host can. @throws SyscallError */
export function holdSocket(protocol: PortProtocol, hostIp: string, hostPort: number): Hold {
  const fd = holdPort(protocol, hostIp, hostPort);
  return { release: () => closeFd(fd) };
}
