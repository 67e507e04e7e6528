import type { Socket } from "bun";
import { formatEndpoint, type Endpoint } from "./endpoint.ts";
import { ConnectError } from "./errors.ts";
import { openSocket } from "./open-socket.ts";

/** Bytes that may wait unread before the sender is held back. */
const READ_HIGH_WATER = 1 << 20;

/**
 * One byte stream to the engine with back-pressure both ways and a real half-close.
 *
 * Bun's raw sockets rather than node:net: importing that costs 7 ms, more than the rest of the command line.
 * `end()` of a raw socket closes both directions and may lose bytes, so the write side is shut down instead.
 */
export class Connection {
  #socket: Socket<undefined> | undefined;
  #plain = false;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #paused = false;
  #ended = false;
  #closed = false;
  /** Why nothing ever came, where that turned out only later. */
  #failure: ConnectError | undefined;
  #wakeReader: (() => void) | undefined;
  #wakeWriter: (() => void) | undefined;
  /** Served at least one whole answer: a failure now may only mean that the engine closed it while idle. */
  reused = false;

  static async open(endpoint: Endpoint): Promise<Connection> {
    const connection = new Connection();
    const socket = {
      data: (_: Socket<undefined>, chunk: Uint8Array) => connection.#received(chunk),
      drain: () => connection.#wakeWriter?.(),
      end: () => connection.#finished(false),
      close: () => connection.#finished(true),
      error: (_: Socket<undefined>, error: Error) => {
        if (error instanceof ConnectError) connection.#failure = error;
        connection.#finished(true);
      },
    };
    connection.#plain = endpoint.kind === "unix";
    try {
      connection.#socket = await openSocket(endpoint, socket);
    } catch (error) {
      throw connectError(endpoint, error);
    }
    return connection;
  }

  get closed(): boolean {
    return this.#closed || this.#ended;
  }

  /** The next bytes, undefined when the engine has finished sending. */
  async read(): Promise<Uint8Array | undefined> {
    while (this.#queue.length === 0) {
      if (this.#failure) throw this.#failure;
      if (this.#ended) return undefined;
      await new Promise<void>((wake) => (this.#wakeReader = wake));
    }
    const chunk = this.#queue.shift();
    this.#queuedBytes -= chunk?.length ?? 0;
    if (this.#paused && this.#queuedBytes < READ_HIGH_WATER / 2) {
      this.#paused = false;
      this.#socket?.resume();
    }
    return chunk;
  }

  /** Gives bytes back; the next read returns them first. */
  unread(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#queue.unshift(chunk);
    this.#queuedBytes += chunk.length;
  }

  /** Resolves when the kernel has taken the bytes; false when the connection is gone. One writer at a time. */
  async write(bytes: Uint8Array | string): Promise<boolean> {
    let rest = typeof bytes === "string" ? Buffer.from(bytes) : bytes;
    while (rest.length > 0) {
      if (this.#closed || !this.#socket) return false;
      const taken = this.#socket.write(rest);
      if (taken < 0) return false;
      rest = rest.subarray(taken);
      if (rest.length > 0) await new Promise<void>((wake) => (this.#wakeWriter = wake));
    }
    return true;
  }

  /** The system's descriptor, where what is written to it reaches the engine as it is; only a unix socket's. */
  get descriptor(): number | undefined {
    if (!this.#plain || this.#closed) return undefined;
    const { fd } = (this.#socket ?? {}) as { readonly fd?: unknown };
    return typeof fd === "number" && fd >= 0 ? fd : undefined;
  }

  /** What was received and not read yet. */
  takeReceived(): Uint8Array {
    this.#queuedBytes = 0;
    return Buffer.concat(this.#queue.splice(0));
  }

  /** Our half-close: the engine reads end of file, we can still receive. */
  endWriting(): void {
    if (!this.#closed) this.#socket?.shutdown();
  }

  close(): void {
    if (!this.#closed) this.#socket?.terminate();
    this.#finished(true);
  }

  /** An idle connection in the pool must not keep the program alive. */
  unref(): void {
    this.#socket?.unref();
  }

  ref(): void {
    this.#socket?.ref();
  }

  #received(chunk: Uint8Array): void {
    this.#queue.push(chunk);
    this.#queuedBytes += chunk.length;
    if (!this.#paused && this.#queuedBytes > READ_HIGH_WATER) {
      this.#paused = true;
      this.#socket?.pause();
    }
    this.#wakeReader?.();
  }

  #finished(closed: boolean): void {
    this.#ended = true;
    if (closed) this.#closed = true;
    this.#wakeReader?.();
    this.#wakeWriter?.();
  }
}

function connectError(endpoint: Endpoint, error: unknown): ConnectError {
  if (error instanceof ConnectError) return error;
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
  const where = formatEndpoint(endpoint);
  if (code === "EACCES" || code === "EPERM") {
    return new ConnectError(`permission denied while trying to connect to the hako engine's socket at ${where}: run it as root, or as a member of the socket's group`, code);
  }
  return new ConnectError(`Cannot connect to the hako engine at ${where}. Is it running? Start it with \`hako daemon\` as root, or name another with -H or DOCKER_HOST.`, code);
}
