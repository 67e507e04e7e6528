import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { EngineError } from "../base/mod.ts";

export interface TlsSettings {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly skipVerify: boolean;
}

export type StreamAddress = { readonly host: string; readonly port: number; readonly tls?: TlsSettings } | { readonly path: string };

const CONNECT_TIMEOUT_MS = 10_000;
/** A peer that takes nothing for so long is given up, and found again. */
const WRITE_TIMEOUT_MS = 30_000;

/** As Go prints errno. */
const ERRNO_WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused", ENOENT: "no such file or directory", EHOSTUNREACH: "no route to host", ENETUNREACH: "network is unreachable", ETIMEDOUT: "connection timed out",
  EACCES: "permission denied", ECONNRESET: "connection reset by peer", EPROTOTYPE: "protocol wrong type for socket",
};

/** A connected stream that only this class writes; memory stays at what one `write` was given. */
export class StreamConnection {
  /** Rejects when the connection is lost; never resolves. */
  readonly lost: Promise<never>;
  #failure: Error | undefined;
  #closed = false;

  private constructor(
    private readonly socket: Socket,
    onData: ((bytes: Uint8Array) => void) | undefined,
  ) {
    const { promise, reject } = Promise.withResolvers<never>();
    this.lost = promise;
    promise.catch(() => undefined);
    const fail = (error: Error): void => {
      this.#failure ??= error;
      reject(error);
    };
    socket.on("error", fail);
    // Who hangs up will not read what is sent: better to find out now than to lose it.
    socket.on("end", () => fail(new Error("the receiver closed the connection")));
    socket.on("close", () => fail(new Error("the receiver closed the connection")));
    socket.on("data", onData ?? (() => undefined));
  }

  /** @throws EngineError in the words of Go's net.Dial */
  static async dial(address: StreamAddress, onData?: (bytes: Uint8Array) => void): Promise<StreamConnection> {
    const socket = open(address);
    try {
      await connected(socket, address);
    } catch (error) {
      socket.destroy();
      throw new EngineError("System", dialWords(address, error), { cause: error });
    }
    return new StreamConnection(socket, onData);
  }

  /** Resolves when the kernel has it. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#failure) throw this.#failure;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => settle(new Error("the receiver takes nothing")), WRITE_TIMEOUT_MS);
      const settle = (error?: Error | null): void => {
        clearTimeout(timer);
        this.socket.off("close", gone);
        if (error) reject(error);
        else resolve();
      };
      const gone = (): void => settle(this.#failure ?? new Error("the receiver closed the connection"));
      this.socket.once("close", gone);
      this.socket.write(bytes, settle);
    });
  }

  /** Lets what was written reach the receiver. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#failure || this.socket.destroyed) return void this.socket.destroy();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, 1000);
      this.socket.end(() => {
        clearTimeout(timer);
        resolve();
      });
    });
    this.socket.destroy();
  }
}

function open(address: StreamAddress): Socket {
  if ("path" in address) return connectPlain({ path: address.path });
  const { host, port, tls } = address;
  if (!tls) return connectPlain({ host, port });
  const { ca, cert, key, skipVerify } = tls;
  return connectTls({ host, port, ...(net(host) ? {} : { servername: host }), ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }), rejectUnauthorized: !skipVerify });
}

const net = (host: string): boolean => /^[\d.]+$|:/.test(host);

function connected(socket: Socket, address: StreamAddress): Promise<void> {
  const event = "host" in address && address.tls ? "secureConnect" : "connect";
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(Object.assign(new Error("i/o timeout"), { code: "TIMEOUT" })), CONNECT_TIMEOUT_MS);
    socket.once(event, () => {
      clearTimeout(timer);
      socket.removeListener("error", reject);
      resolve();
    });
    socket.once("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
  });
}

function dialWords(address: StreamAddress, error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const message = error instanceof Error ? error.message : String(error);
  if ("path" in address) return `dial unix ${address.path}: connect: ${ERRNO_WORDS[code] ?? message}`;
  if (code === "ENOTFOUND" || code.startsWith("EAI_") || code.startsWith("DNS_")) return `dial tcp: lookup ${address.host}: no such host`;
  const target = `dial tcp ${address.host.includes(":") ? `[${address.host}]` : address.host}:${address.port}`;
  const words = ERRNO_WORDS[code];
  if (words) return `${target}: connect: ${words}`;
  return code === "TIMEOUT" ? `${target}: i/o timeout` : message;
}
