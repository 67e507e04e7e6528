/** The values of a stream of JSON texts, one per line (progress, events). */
export async function* readJsonLines<T>(body: AsyncIterable<Uint8Array>): AsyncGenerator<T, void, void> {
  const decoder = new TextDecoder();
  let held = "";
  for await (const piece of body) {
    held += decoder.decode(piece, { stream: true });
    for (let end = held.indexOf("\n"); end >= 0; end = held.indexOf("\n")) {
      const line = held.slice(0, end).trim();
      held = held.slice(end + 1);
      if (line !== "") yield JSON.parse(line) as T;
    }
  }
  if (held.trim() !== "") yield JSON.parse(held) as T;
}
