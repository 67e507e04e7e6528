const FARTHEST = 3;

/** The name most like a mistyped one, if any is like it. */
export function closest(written: string, names: readonly string[]): string | undefined {
  const ranked = names.map((name) => ({ name, edits: editsBetween(written.toLowerCase(), name) })).sort((a, b) => a.edits - b.edits)[0];
  return ranked && ranked.edits <= Math.min(FARTHEST, Math.floor(ranked.name.length / 2)) ? ranked.name : undefined;
}

/** Letters added, left out, exchanged, or in the wrong order (optimal string alignment). */
function editsBetween(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (before[j - 2] ?? Infinity) + 1 : Infinity;
      next.push(Math.min((next[j - 1] ?? 0) + 1, (row[j] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1), swapped));
    }
    before = row;
    row = next;
  }
  return row[b.length] ?? 0;
}
