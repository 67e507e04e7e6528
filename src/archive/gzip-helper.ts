import { EngineError } from "../base/mod.ts";
import type { GrowingProcess } from "./growing.ts";

interface Waiting {
  readonly done: (packed: Uint8Array) => void;
  readonly failed: (error: unknown) => void;
}

/** One process that packs blocks, in the order in which they are given. */
export class GzipHelper {
  readonly #process: Promise<GrowingProcess>;
  readonly #waiting: Waiting[] = [];
  /** Blocks go out one after the other. */
  #sending: Promise<void> = Promise.resolve();

  /** @param onEnd called once, when it packs no more */
  constructor(
    process: Promise<GrowingProcess>,
    readonly onEnd: () => void,
  ) {
    this.#process = process;
    void this.#receive();
  }

  get pending(): number {
    return this.#waiting.length;
  }

  pack(block: Uint8Array): Promise<Uint8Array> {
    return new Promise((done, failed) => {
      this.#waiting.push({ done, failed });
      this.#sending = this.#sending.then(() => this.#send(block)).catch(failed);
    });
  }

  /** Ends it when nothing waits. */
  end(): void {
    if (this.#waiting.length === 0) void this.#process.then(({ stdin }) => stdin.end(), () => undefined);
  }

  async #send(block: Uint8Array): Promise<void> {
    const { stdin } = await this.#process;
    const head = Buffer.alloc(4);
    head.writeUInt32BE(block.length);
    await stdin.write(head);
    await stdin.write(block);
  }

  async #receive(): Promise<void> {
    let failure: unknown;
    try {
      const { stdout } = await this.#process;
      let held: Uint8Array[] = [];
      let bytes = 0;
      for await (const piece of stdout) {
        held.push(piece);
        bytes += piece.length;
        for (let length = lengthOf(held); length !== undefined && bytes >= 4 + length; length = lengthOf(held)) {
          const all = Buffer.concat(held);
          this.#waiting.shift()?.done(all.subarray(4, 4 + length));
          held = [all.subarray(4 + length)];
          bytes -= 4 + length;
        }
      }
    } catch (error) {
      failure = error;
    }
    this.onEnd();
    for (const { failed } of this.#waiting.splice(0)) failed(failure ?? new EngineError("System", "the helper that compresses has ended"));
  }
}

/** What the head says, once it is there. */
function lengthOf(held: readonly Uint8Array[]): number | undefined {
  const [first] = held;
  if (!first) return undefined;
  const head = first.length >= 4 ? Buffer.from(first.buffer, first.byteOffset, 4) : Buffer.concat(held).subarray(0, 4);
  return head.length < 4 ? undefined : head.readUInt32BE(0);
}
