/** One question to one server, over one socket. */
import { randomInt } from "node:crypto";
import { answers, MAX_MESSAGE_BYTES, type Query } from "./message.ts";

export const DNS_PORT = 53;
/** Packets that are no answer to the question: whoever sends more is guessing. */
const MAX_STRAY_PACKETS = 32;

/**
 * Over UDP, from a port and with an id that cannot be guessed; the kernel lets packets of this server alone come in.
 * Undefined when the server cannot be reached or `signal` ends the waiting.
 */
export async function askOverUDP(query: Query, server: string, signal: AbortSignal): Promise<Buffer | undefined> {
  const id = randomInt(0x10000);
  const { promise, resolve } = Promise.withResolvers<Buffer | undefined>();
  const give = (): void => resolve(undefined);
  let stray = 0;
  let socket: Bun.udp.ConnectedSocket<"buffer"> | undefined;
  try {
    socket = await Bun.udpSocket({
      connect: { hostname: server, port: DNS_PORT },
      socket: {
        data: (_socket, bytes) => {
          if (answers(query, id, bytes)) resolve(bytes);
          else if (++stray >= MAX_STRAY_PACKETS) give();
        },
        error: give,
      },
    });
    if (signal.aborted) return undefined;
    signal.addEventListener("abort", give, { once: true });
    socket.send(withId(query, id));
    return await promise;
  } catch {
    // No route, no such family: the next server may do better, ignoring.
    return undefined;
  } finally {
    signal.removeEventListener("abort", give);
    socket?.close();
  }
}

/** Over TCP: two bytes of length, then the message. Undefined as over UDP, and when what comes is no answer. */
export async function askOverTCP(query: Query, server: string, signal: AbortSignal): Promise<Buffer | undefined> {
  const id = randomInt(0x10000);
  const { promise, resolve } = Promise.withResolvers<Buffer | undefined>();
  const give = (): void => resolve(undefined);
  const message = framed(withId(query, id));
  const received: Buffer[] = [];
  let socket: Bun.Socket | undefined;
  signal.addEventListener("abort", give, { once: true });
  // The connection outlives a promise that nobody awaits any more: it closes itself when it comes too late.
  const opened = Bun.connect({
    hostname: server,
    port: DNS_PORT,
    socket: {
      open: (opening) => {
        if (signal.aborted) opening.end();
        // The kernel takes a first message of this size whole.
        else opening.write(message);
      },
      data: (_socket, bytes) => {
        received.push(bytes);
        const whole = unframed(received);
        if (whole) resolve(answers(query, id, whole) ? whole : undefined);
      },
      close: give,
      end: give,
      error: give,
      connectError: give,
    },
  });
  opened.then((open) => (socket = open), give);
  try {
    return await promise;
  } finally {
    signal.removeEventListener("abort", give);
    socket?.end();
  }
}

/** The first message of what came so far; undefined until it is whole. */
export function unframed(received: Buffer[]): Buffer | undefined {
  const bytes = received.length === 1 ? received[0] : Buffer.concat(received);
  if (!bytes) return undefined;
  received.splice(0, received.length, bytes);
  if (bytes.length < 2) return undefined;
  const length = bytes.readUInt16BE(0);
  return bytes.length >= 2 + length ? bytes.subarray(2, 2 + length) : undefined;
}

export function framed(message: Buffer): Buffer {
  if (message.length > MAX_MESSAGE_BYTES) throw new RangeError(`a message of ${message.length} bytes`);
  const bytes = Buffer.alloc(2 + message.length);
  bytes.writeUInt16BE(message.length, 0);
  bytes.set(message, 2);
  return bytes;
}

function withId({ bytes }: Query, id: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt16BE(id, 0);
  return copy;
}
