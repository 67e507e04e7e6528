import { encodeBuildMessage, type BuildEvent, type BuildMessage, type BuildStream } from "../../spec/mod.ts";

/** What may wait for a client that does not read; beyond it, output of steps is left out. */
const MAX_WAITING_BYTES = 1024 * 1024;

/** Tells a client of its build, one line after the other; never holds the build up. */
export class Teller {
  readonly #stream: BuildStream;
  #waiting: string[] = [];
  #waitingBytes = 0;
  #leftOut = false;
  #writing: Promise<void> | undefined;

  constructor(stream: BuildStream) {
    this.#stream = stream;
  }

  tell(event: BuildEvent): void {
    if (event.type === "log" && this.#waitingBytes > MAX_WAITING_BYTES) {
      if (this.#leftOut) return;
      this.#leftOut = true;
      return this.#say({ event: { ...event, bytes: Buffer.from("[output left out: it comes faster than it is read]\n") } });
    }
    // How far something is by now is told again.
    if (event.type === "status" && event.completedNs === undefined && this.#waitingBytes > MAX_WAITING_BYTES) return;
    if (event.type === "log") this.#leftOut = false;
    this.#say({ event });
  }

  /** The last message; resolves when the client has been sent all. */
  async finish(message: BuildMessage): Promise<void> {
    this.#say(message);
    while (this.#writing) await this.#writing;
    this.#stream.end();
  }

  #say(message: BuildMessage): void {
    const line = `${encodeBuildMessage(message)}\n`;
    this.#waiting.push(line);
    this.#waitingBytes += line.length;
    this.#writing ??= this.#write();
  }

  async #write(): Promise<void> {
    try {
      // What is told in one turn of the loop goes out as one piece.
      await new Promise((resolve) => setImmediate(resolve));
      while (this.#waiting.length > 0) {
        const text = this.#waiting.join("");
        this.#waiting = [];
        await this.#stream.write(Buffer.from(text));
        this.#waitingBytes = this.#waiting.reduce((sum, line) => sum + line.length, 0);
      }
    } catch {
      // The client has gone: the build hears of that by its signal.
      this.#waiting = [];
    } finally {
      this.#writing = undefined;
    }
  }
}
