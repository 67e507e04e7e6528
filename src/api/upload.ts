import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Framing } from "../base/mod.ts";
import type { UploadConnection } from "../engine/mod.ts";

/** What Bun's sockets are made of: the system's descriptor, which is read until this is paused. */
interface Handle {
  readonly fd: number;
  pause(): void;
}

const handleOf = (socket: Socket): Handle | undefined => {
  const { _handle: handle } = socket as unknown as { readonly _handle?: Partial<Handle> | null };
  return typeof handle?.fd === "number" && handle.fd >= 0 && typeof handle.pause === "function" ? (handle as Handle) : undefined;
};

/**
 * A request's body that is left on its connection. HTTP has let go of that: it reads no more of it, and the answer is the last one there.
 */
export class Upload implements UploadConnection {
  readonly framing: Framing;
  readonly #socket: Socket;
  readonly #begun: Uint8Array[];
  readonly #keep = (piece: Uint8Array): void => void this.#begun.push(piece);

  private constructor(socket: Socket, framing: Framing, begun: Uint8Array) {
    this.#socket = socket;
    this.framing = framing;
    this.#begun = [begun];
    socket.removeAllListeners("data");
    socket.removeAllListeners("end");
    // What comes before reading has stopped is part of the body too.
    socket.on("data", this.#keep);
    // The stream would start to read again whenever it has room.
    socket._read = () => undefined;
  }

  /**
   * To be called while node:http parses the piece that holds the request's head. Undefined where the body cannot be left, or there is
   * nothing left of it to come: then HTTP goes on reading it.
   */
  static begin(request: IncomingMessage, parsing: Uint8Array): Promise<Upload> | undefined {
    const { socket, headers, method, url, httpVersion } = request;
    if ("encrypted" in socket || httpVersion !== "1.1" || headers.expect !== undefined || !handleOf(socket)) return undefined;
    const piece = Buffer.from(parsing.buffer, parsing.byteOffset, parsing.byteLength);
    const headEnd = piece.indexOf("\r\n\r\n");
    if (headEnd < 0 || !piece.toString("latin1", 0, headEnd).startsWith(`${method} ${url} HTTP/1.1\r\n`)) return undefined;
    const begun = piece.subarray(headEnd + 4);
    const framing = headers["transfer-encoding"] === undefined ? Number(headers["content-length"] ?? 0) : "chunked";
    const isWhole = framing === "chunked" ? begun.toString("latin1", Math.max(0, begun.length - LAST_CHUNK.length)) === LAST_CHUNK : begun.length >= framing;
    if (isWhole) return undefined;
    return new Upload(socket, framing, begun).#withoutReading();
  }

  take(): { readonly descriptor: number; readonly begun: Uint8Array } | undefined {
    const handle = handleOf(this.#socket);
    return handle && !this.#socket.destroyed ? { descriptor: handle.fd, begun: Buffer.concat(this.#begun.splice(0)) } : undefined;
  }

  /** The connection can be read again: what follows is nobody's. */
  finish(): void {
    this.#socket.off("data", this.#keep);
    // The prototype's own again.
    delete (this.#socket as Partial<Pick<Socket, "_read">>)._read;
  }

  /** Pausing holds only from outside of Bun's own handling of what it has read. */
  async #withoutReading(): Promise<this> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#socket.pause();
    handleOf(this.#socket)?.pause();
    return this;
  }
}

const LAST_CHUNK = "\r\n0\r\n\r\n";
