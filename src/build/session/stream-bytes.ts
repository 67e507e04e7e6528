import { EngineError } from "../../base/mod.ts";

/** The beginning of a stream by length, the rest as it comes. */
export class StreamBytes {
  readonly #iterator: AsyncIterator<Uint8Array>;
  #left: Uint8Array = new Uint8Array(0);

  constructor(input: AsyncIterable<Uint8Array>) {
    this.#iterator = input[Symbol.asyncIterator]();
  }

  /** @throws EngineError InvalidParameter when the stream ends before */
  async take(length: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let missing = length;
    while (missing > 0) {
      if (this.#left.length === 0) {
        const { value, done } = await this.#iterator.next();
        if (done) throw new EngineError("InvalidParameter", "an answer about the build is cut off");
        this.#left = value;
      }
      const part = this.#left.subarray(0, missing);
      this.#left = this.#left.subarray(part.length);
      missing -= part.length;
      parts.push(part);
    }
    const [only] = parts;
    return parts.length === 1 && only ? only : Buffer.concat(parts);
  }

  async *rest(): AsyncGenerator<Uint8Array, void, void> {
    const left = this.#left;
    this.#left = new Uint8Array(0);
    if (left.length > 0) yield left;
    for (;;) {
      const { value, done } = await this.#iterator.next();
      if (done) return;
      yield value;
    }
  }
}
