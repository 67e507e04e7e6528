const FARTHEST = 3;

/** The name most like a mistyped one, if any is like it. */
export function closest(written: string, names: readonly string[]): string | undefined {
  const ranked = names.map((name) => ({ name, distance: distance(written.toLowerCase(), name) })).sort((a, b) => a.distance - b.distance)[0];
  return ranked && ranked.distance <= Math.min(FARTHEST, Math.floor(ranked.name.length / 2)) ? ranked.name : undefined;
}

/** Levenshtein's. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) next.push(Math.min((next[j - 1] ?? 0) + 1, (row[j] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length] ?? 0;
}
