import { EngineError } from "../base/mod.ts";
import type { GrowingProcess } from "./growing.ts";

interface Waiting {
  readonly done: (packedBytes: number) => void;
  readonly failed: (error: unknown) => void;
}

/** What it is asked: which slot, and how many bytes are in it. */
export const ORDER_BYTES = 8;
/** Its answer: how many bytes they became. */
export const ANSWER_BYTES = 4;

/** One process that packs what lies in memory which it shares with us, in the order in which it is asked to. */
export class GzipHelper {
  readonly #process: Promise<GrowingProcess>;
  readonly #waiting: Waiting[] = [];
  /** Orders go out one after the other. */
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

  /** @returns how many bytes the slot's become. @throws EngineError System when it ended */
  pack(slot: number, length: number): Promise<number> {
    return new Promise((done, failed) => {
      this.#waiting.push({ done, failed });
      const order = Buffer.alloc(ORDER_BYTES);
      order.writeUInt32BE(slot, 0);
      order.writeUInt32BE(length, 4);
      this.#sending = this.#sending.then(async () => (await this.#process).stdin.write(order)).catch(failed);
    });
  }

  /** Ends it when nothing waits. */
  end(): void {
    if (this.#waiting.length === 0) void this.#process.then(({ stdin }) => stdin.end(), () => undefined);
  }

  async #receive(): Promise<void> {
    let failure: unknown;
    try {
      const { stdout } = await this.#process;
      let held = Buffer.alloc(0);
      for await (const piece of stdout) {
        held = Buffer.concat([held, piece]);
        for (; held.length >= ANSWER_BYTES; held = held.subarray(ANSWER_BYTES)) this.#waiting.shift()?.done(held.readUInt32BE(0));
      }
    } catch (error) {
      failure = error;
    }
    this.onEnd();
    for (const { failed } of this.#waiting.splice(0)) failed(failure ?? new EngineError("System", "the helper that compresses has ended"));
  }
}
