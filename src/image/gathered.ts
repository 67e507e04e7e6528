const LARGE_BYTES = 128 * 1024;

/** The same bytes in fewer pieces: a small one costs whoever sends it as much as a large one. */
export async function* gathered(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  let held: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of pieces) {
    const alone = held.length === 0 && piece.length >= LARGE_BYTES;
    if (!alone) {
      held.push(piece);
      bytes += piece.length;
      if (bytes < LARGE_BYTES) continue;
    }
    yield alone ? piece : Buffer.concat(held, bytes);
    held = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(held, bytes);
}
