/**
 * One hijacked connection as the engine sees it.
 *
 * `input` yields what the client sends and ends at the client's half-close; `write` resolves when the
 * transport has taken the bytes (back-pressure) and rejects once the connection is gone; `end` is our half-close, idempotent.
 * `closed` resolves when both directions are gone, for whatever reason; it never rejects.
 */
export interface ByteDuplex {
  readonly input: AsyncIterable<Uint8Array>;
  write(bytes: Uint8Array): Promise<void>;
  end(): void;
  readonly closed: Promise<void>;
}
