import { chmodSync, chownSync } from "node:fs";
import type { ByteDuplex } from "../../base/mod.ts";

/** What is on its way to a program that does not read, or to an agent. */
const MAX_PENDING_BYTES = 1024 * 1024;

interface Connection {
  agent: Promise<ByteDuplex | undefined>;
  pending: Uint8Array[];
  pendingBytes: number;
  /** On their way to the agent. */
  sentBytes: number;
  closed: boolean;
}

/** A socket in a step that leads to an agent of the client's: each connection to it is a new one there. */
export function listenForAgent(path: string, { mode, uid, gid }: { readonly mode: number; readonly uid: number; readonly gid: number }, connect: () => Promise<ByteDuplex | undefined>): Disposable {
  const server = Bun.listen<Connection>({
    unix: path,
    socket: {
      open: (socket) => {
        const agent = connect();
        socket.data = { agent, pending: [], pendingBytes: 0, sentBytes: 0, closed: false };
        void agent.then((duplex) => (duplex ? fromAgent(duplex, socket) : void socket.end())).catch(() => socket.end());
      },
      data: (socket, bytes) => {
        const { data } = socket;
        data.sentBytes += bytes.length;
        // Questions are small, too.
        if (data.sentBytes > MAX_PENDING_BYTES) return socket.terminate();
        const copy = bytes.slice();
        void data.agent.then((duplex) => duplex?.write(copy)).then(() => void (data.sentBytes -= copy.length), () => socket.end());
      },
      drain: (socket) => flush(socket),
      close: (socket) => {
        socket.data.closed = true;
        void socket.data.agent.then((duplex) => duplex?.end()).catch(() => undefined);
      },
      error: (socket) => void socket.end(),
    },
  });
  chownSync(path, uid, gid);
  chmodSync(path, mode & 0o7777);
  return { [Symbol.dispose]: () => server.stop(true) };
}

type Socket = Bun.Socket<Connection>;

async function fromAgent(agent: ByteDuplex, socket: Socket): Promise<void> {
  for await (const bytes of agent.input) {
    if (socket.data.closed) break;
    const { data } = socket;
    data.pending.push(bytes.slice());
    data.pendingBytes += bytes.length;
    // An agent's answers are small: who lets so much pile up does not speak its protocol.
    if (data.pendingBytes > MAX_PENDING_BYTES) break;
    flush(socket);
  }
  socket.end();
}

function flush(socket: Socket): void {
  const { data } = socket;
  for (let first = data.pending[0]; first; first = data.pending[0]) {
    const written = socket.write(first);
    data.pendingBytes -= Math.max(0, written);
    if (written < first.length) {
      data.pending[0] = first.subarray(Math.max(0, written));
      return;
    }
    data.pending.shift();
  }
}
