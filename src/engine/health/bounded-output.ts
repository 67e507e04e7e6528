/** As much of a probe's output as Docker keeps. */
const KEPT_BYTES = 4096;

export class BoundedOutput {
  readonly #pieces: Uint8Array[] = [];
  #bytes = 0;
  #cut = false;

  push(piece: Uint8Array): void {
    const kept = piece.subarray(0, KEPT_BYTES - this.#bytes);
    // A copy: the piece may be a view of a buffer that is used again.
    if (kept.length > 0) this.#pieces.push(kept.slice());
    this.#bytes += kept.length;
    this.#cut ||= kept.length < piece.length;
  }

  get text(): string {
    return Buffer.concat(this.#pieces).toString() + (this.#cut ? "..." : "");
  }
}
