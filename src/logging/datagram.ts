import { createSocket, type Socket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { EngineError } from "../base/mod.ts";
import { connectUnixDatagram, closeFd, hasCode, trySend } from "../linux/mod.ts";

/** Sends one message per datagram. */
export interface DatagramSender {
  /** One that no datagram can hold is dropped: it would be as long the next time. */
  send(bytes: Uint8Array): Promise<void>;
  /** How many have been. */
  dropped(): number;
  close(): void;
}

function sender(send: (bytes: Uint8Array) => Promise<void>, close: () => void): DatagramSender {
  let dropped = 0;
  return {
    send: async (bytes) => {
      try {
        await send(bytes);
      } catch (error) {
        if (!hasCode(error, "EMSGSIZE")) throw error;
        dropped++;
      }
    },
    dropped: () => dropped,
    close,
  };
}

/** @throws EngineError when the name has no address; whether anybody listens there, UDP does not know */
export async function openUdp(host: string, port: number): Promise<DatagramSender> {
  const { address, family } = await lookup(host).catch(() => {
    throw new EngineError("System", `dial udp: lookup ${host}: no such host`);
  });
  const socket: Socket = createSocket(family === 6 ? "udp6" : "udp4");
  // ICMP's "nobody listens" is not told to the sender, as in Go, which never reads the error of an unconnected socket.
  socket.on("error", () => undefined);
  return sender((bytes) => new Promise((resolve, reject) => socket.send(bytes, port, address, (error) => (error ? reject(error) : resolve()))), () => socket.close());
}

const RETRY_MS = 20;
const PATIENCE_MS = 10_000;

/** @throws SyscallError ENOENT, ECONNREFUSED: nobody listens */
export function openUnixDatagram(path: string): DatagramSender {
  const fd = connectUnixDatagram(path);
  const send = async (bytes: Uint8Array): Promise<void> => {
    // The receiver's queue is short: while it is full the message waits, and the event loop does not.
    for (let waitedMs = 0; !trySend(fd, bytes); waitedMs += RETRY_MS) {
      if (waitedMs >= PATIENCE_MS) throw new Error("the receiver takes nothing");
      await Bun.sleep(RETRY_MS);
    }
  };
  return sender(send, () => closeFd(fd));
}
