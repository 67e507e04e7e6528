/** What comes after so many bytes. */
export async function* withoutFirst(bytes: number, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  let skip = bytes;
  for await (const chunk of chunks) {
    if (skip < chunk.length) yield skip > 0 ? chunk.subarray(skip) : chunk;
    skip = Math.max(0, skip - chunk.length);
  }
}
