import type { Socket } from "node:net";
import { tlsAlert, TransportError } from "./errors.ts";
import type { HttpLimits } from "./limits.ts";

/** Bytes that may wait unread before the sender is held back. */
const READ_HIGH_WATER = 1 << 20;

/** A byte stream with back-pressure both ways, on which reading never waits for ever. */
export class Connection {
  readonly #socket: Socket;
  readonly #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #ended = false;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;
  #waitedMs = 0;
  #windowBytes = 0;
  #idleTimer: ReturnType<typeof setTimeout> | undefined;
  /** Has served a whole exchange: a failure now may only mean that the server closed it while idle. */
  reused = false;
  /** Whoever reads has a deadline of its own: no minimum of bytes is asked for. */
  patient = false;
  onClose: (() => void) | undefined;

  constructor(
    socket: Socket,
    readonly limits: HttpLimits,
  ) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", this.#onData).on("end", this.#onEnd).on("error", this.#onError).on("close", this.#onClose);
  }

  readonly #onData = (chunk: Uint8Array): void => this.#received(chunk);
  readonly #onEnd = (): void => this.#finish();
  readonly #onError = (error: Error): void => this.#finish(error);
  readonly #onClose = (): void => {
    this.#finish();
    this.onClose?.();
  };

  /** Gives the socket away, with nothing read of it that the caller does not know. @throws TransportError protocol, when the server spoke out of turn */
  release(): Socket {
    if (!this.usable) throw new TransportError("protocol", "the proxy spoke before it was asked");
    this.#socket.off("data", this.#onData).off("end", this.#onEnd).off("error", this.#onError).off("close", this.#onClose);
    return this.#socket;
  }

  get usable(): boolean {
    return !this.#ended && this.#queuedBytes === 0 && !this.#socket.destroyed;
  }

  /** The next bytes; undefined at the end. @throws TransportError cut, when too little comes for too long */
  async read(): Promise<Uint8Array | undefined> {
    while (this.#queue.length === 0) {
      if (this.#failure) throw this.#failure;
      if (this.#ended) return undefined;
      await this.#arrival();
    }
    const chunk = this.#queue.shift();
    this.#queuedBytes -= chunk?.length ?? 0;
    if (this.#queuedBytes < READ_HIGH_WATER / 2 && this.#socket.isPaused()) this.#socket.resume();
    return chunk;
  }

  /** Gives bytes back; the next read returns them first. */
  unread(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#queue.unshift(chunk);
    this.#queuedBytes += chunk.length;
  }

  /** Resolves when the bytes have been taken: they may be reused then. @throws TransportError cut */
  async write(bytes: Uint8Array | string): Promise<void> {
    if (this.#failure) throw this.#failure;
    if (this.#socket.destroyed) throw new TransportError("cut", "write: broken pipe");
    // Behind others a few bytes only wait, and are said to be taken.
    const mayWait = this.#socket.writableLength > 0 && bytes.length < this.#socket.writableHighWaterMark;
    if (this.#socket.write(mayWait && typeof bytes !== "string" ? new Uint8Array(bytes) : bytes)) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => this.destroy(new TransportError("cut", "write: i/o timeout")), this.limits.windowMs);
      const settle = () => {
        clearTimeout(timer);
        this.#socket.off("drain", settle);
        this.#socket.off("close", settle);
        if (this.#socket.destroyed) reject(this.#failure ?? new TransportError("cut", "write: broken pipe"));
        else resolve();
      };
      this.#socket.on("drain", settle);
      this.#socket.on("close", settle);
    });
  }

  /** Idle connections must not keep a program alive, nor stay for ever. */
  rest(idleMs: number): void {
    this.#socket.unref();
    this.#idleTimer = setTimeout(() => this.destroy(), idleMs);
    this.#idleTimer.unref();
  }

  work(): void {
    clearTimeout(this.#idleTimer);
    this.#waitedMs = 0;
    this.#windowBytes = 0;
    this.#socket.ref();
  }

  destroy(reason?: Error): void {
    if (reason) this.#failure ??= reason;
    this.#socket.destroy();
    this.#finish();
  }

  async #arrival(): Promise<void> {
    const { windowMs, windowBytes } = this.limits;
    const began = performance.now();
    const woken = new Promise<void>((wake) => {
      this.#wake = wake;
    });
    if (this.patient) return woken;
    const timer = setTimeout(() => this.destroy(new TransportError("cut", "read: i/o timeout")), windowMs);
    await woken;
    clearTimeout(timer);
    this.#waitedMs += performance.now() - began;
    if (this.#waitedMs < windowMs) return;
    if (this.#windowBytes < windowBytes) this.destroy(new TransportError("cut", `read: less than ${windowBytes} bytes in ${Math.round(windowMs / 1000)} s`));
    this.#waitedMs = 0;
    this.#windowBytes = 0;
  }

  #received(chunk: Uint8Array): void {
    this.#queue.push(chunk);
    this.#queuedBytes += chunk.length;
    this.#windowBytes += chunk.length;
    if (this.#queuedBytes > READ_HIGH_WATER) this.#socket.pause();
    this.#wakeReader();
  }

  #finish(error?: Error): void {
    if (error) this.#failure ??= tlsAlert(error) ?? new TransportError("cut", cutText(error), { cause: error });
    this.#ended = true;
    this.#wakeReader();
  }

  #wakeReader(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}

function cutText(error: Error & { code?: string }): string {
  return error.code === "ECONNRESET" ? "read: connection reset by peer" : error.message;
}
