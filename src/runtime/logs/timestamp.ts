/** `2006-01-02T15:04:05.000000000Z` and a space. */
export const TIMESTAMP_BYTES = 31;

/** Docker's log timestamps (RFC 3339 in UTC, always nine digits), formatted once per second that occurs. */
export class TimestampWriter {
  #second = -1n;
  readonly #bytes = Buffer.from("0000-00-00T00:00:00.000000000Z ");

  /** Writes TIMESTAMP_BYTES at `at`. */
  write(timeNs: bigint, target: Buffer, at: number): void {
    const second = timeNs / 1_000_000_000n;
    if (second !== this.#second) {
      this.#second = second;
      this.#bytes.write(new Date(Number(second) * 1000).toISOString().slice(0, 19), "latin1");
    }
    let nanoseconds = Number(timeNs - second * 1_000_000_000n);
    for (let digit = 28; digit >= 20; digit -= 1) {
      this.#bytes[digit] = 48 + (nanoseconds % 10);
      nanoseconds = Math.floor(nanoseconds / 10);
    }
    this.#bytes.copy(target, at);
  }
}
