/** The values of a stream of JSON texts, one per line (progress, events). */
export async function* readJsonLines<T>(body: AsyncIterable<Uint8Array>): AsyncGenerator<T, void, void> {
  for await (const line of readLines(body)) yield JSON.parse(line) as T;
}

export async function* readLines(body: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, void> {
  const decoder = new TextDecoder();
  let held = "";
  for await (const piece of body) {
    held += decoder.decode(piece, { stream: true });
    for (let end = held.indexOf("\n"); end >= 0; end = held.indexOf("\n")) {
      const line = held.slice(0, end).trim();
      held = held.slice(end + 1);
      if (line !== "") yield line;
    }
  }
  if (held.trim() !== "") yield held.trim();
}
