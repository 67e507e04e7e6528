import { closeFd, connectTcp, hasCode, tcpSocketInside } from "../linux/mod.ts";
import { SocketStream } from "./socket-stream.ts";

/** Loopback connects at once; who does not is asked again, more and more seldom. */
const FIRST_ASKED_MS = 1;
const ASKED_MS = 50;

export interface InsideTarget {
  /** IP addresses, tried in this order. */
  readonly addresses: readonly string[];
  readonly port: number;
}

export interface InsideQuestion {
  readonly bytes: Uint8Array;
  /** Of the answer; what follows is not read. */
  readonly maxBytes: number;
  /** Whether the answer so far is all that is wanted. */
  readonly enough: (answer: Uint8Array) => boolean;
}

/**
 * Connects over TCP inside a process's network namespace, and asks a question if there is one. Resolves with what was answered.
 * @throws SyscallError when nobody takes the connection; the signal's reason when it is aborted
 */
export async function askInside(pid: number, target: InsideTarget, question: InsideQuestion | undefined, signal: AbortSignal): Promise<Uint8Array> {
  const fd = await connectAny(pid, target, signal);
  if (question) return await exchange(fd, question, signal);
  closeFd(fd);
  return new Uint8Array();
}

async function connectAny(pid: number, { addresses, port }: InsideTarget, signal: AbortSignal): Promise<number> {
  let first: unknown = new Error("no address to connect to");
  for (const [index, address] of addresses.entries()) {
    try {
      return await connect(pid, address, port, signal);
    } catch (error) {
      if (index === 0) first = error;
      if (!hasCode(error, "ECONNREFUSED", "EAFNOSUPPORT", "EADDRNOTAVAIL", "ENETUNREACH")) throw error;
    }
  }
  // That the other address of loopback has nobody either says nothing more.
  throw first;
}

async function connect(pid: number, address: string, port: number, signal: AbortSignal): Promise<number> {
  const fd = tcpSocketInside(pid, address);
  try {
    for (let waitMs = FIRST_ASKED_MS; connectTcp(fd, address, port) === "pending"; waitMs = Math.min(waitMs * 2, ASKED_MS)) {
      await Bun.sleep(waitMs);
      signal.throwIfAborted();
    }
    return fd;
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}

async function exchange(fd: number, { bytes, maxBytes, enough }: InsideQuestion, signal: AbortSignal): Promise<Uint8Array> {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  let answer = new Uint8Array();
  const stream = await SocketStream.adopt(fd, {
    onData: (piece) => {
      answer = Uint8Array.from(Buffer.concat([answer, piece.subarray(0, maxBytes - answer.length)]));
      if (answer.length >= maxBytes || enough(answer)) end();
    },
    onEnd: end,
  });
  signal.addEventListener("abort", () => end(), { once: true });
  try {
    // A server that closes without listening is known by its answer.
    await stream.write(bytes).catch(() => undefined);
    await ended;
    signal.throwIfAborted();
    return answer;
  } finally {
    stream.close();
  }
}
