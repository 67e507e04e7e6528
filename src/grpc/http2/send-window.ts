import { DEFAULT_WINDOW, MAX_WINDOW } from "./frame.ts";
import { malformed } from "./malformed.ts";

/** What may still be sent, on a connection or one of its streams. */
export class SendWindow {
  #left: number;
  #waiting: (() => void)[] = [];

  constructor(left: number = DEFAULT_WINDOW) {
    this.#left = left;
  }

  get left(): number {
    return Math.max(0, this.#left);
  }

  take(bytes: number): void {
    this.#left -= bytes;
  }

  /** Less, too, when the other side changes its settings. @throws EngineError InvalidParameter */
  add(bytes: number): void {
    this.#left += bytes;
    if (this.#left > MAX_WINDOW) throw malformed("a window is too large");
    if (this.#left > 0) this.release();
  }

  /** Resolves when there may be room. */
  wait(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  release(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
