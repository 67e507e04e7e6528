import { EngineError, type ByteDuplex } from "../../base/mod.ts";

/** Small frames that wait for an other side that does not read. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;

/** One writer for a connection; what gathers in one turn of the loop goes out as one piece. */
export class Outbox {
  readonly #duplex: ByteDuplex;
  readonly #failed: (error: unknown) => void;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #taken: (() => void)[] = [];
  #pumping: Promise<void> | undefined;
  #closed = false;

  constructor(duplex: ByteDuplex, failed: (error: unknown) => void) {
    this.#duplex = duplex;
    this.#failed = failed;
  }

  /** Resolves when the transport has taken it, or never will. */
  send(parts: readonly Uint8Array[]): Promise<void> {
    if (this.#closed) return Promise.resolve();
    for (const part of parts) {
      this.#waiting.push(part);
      this.#waitingBytes += part.length;
    }
    if (this.#waitingBytes > MAX_WAITING_BYTES) {
      this.#failed(new EngineError("Unavailable", "HTTP/2: the other side does not read"));
      return Promise.resolve();
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#taken.push(resolve);
    this.#pumping ??= this.#pump();
    return promise;
  }

  /** Whatever waits is sent first. */
  async drain(): Promise<void> {
    while (this.#pumping) await this.#pumping;
  }

  close(): void {
    this.#closed = true;
    this.#waiting = [];
    for (const resolve of this.#taken.splice(0)) resolve();
  }

  async #pump(): Promise<void> {
    await Promise.resolve();
    try {
      while (this.#waiting.length > 0 && !this.#closed) {
        const piece = Buffer.concat(this.#waiting);
        const taken = this.#taken;
        this.#waiting = [];
        this.#waitingBytes = 0;
        this.#taken = [];
        try {
          await this.#duplex.write(piece);
        } finally {
          // Whoever waits for a write that failed finds the connection gone.
          for (const resolve of taken) resolve();
        }
      }
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#pumping = undefined;
    }
  }
}
