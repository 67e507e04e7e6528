/** Farther words are not what was meant; the longest compared bounds the work. */
const NEAR = 3;
const LONGEST = 64;

/** The option closest to a word; undefined when it is one of them or none is near. */
export function closestOf(word: string, options: Iterable<string>, { foldCase = false } = {}): string | undefined {
  const wanted = foldCase ? word.toLowerCase() : word;
  if (wanted.length > LONGEST) return undefined;
  let best: string | undefined;
  let distance = NEAR;
  for (const option of options) {
    const candidate = foldCase ? option.toLowerCase() : option;
    if (candidate === wanted) return undefined;
    if (Math.abs(candidate.length - wanted.length) >= distance) continue;
    const edits = levenshtein(wanted, candidate);
    if (edits < distance) {
      distance = edits;
      best = candidate;
    }
  }
  return best !== undefined && foldCase ? inCaseOf(word, best) : best;
}

/** ` (did you mean X?)`, or nothing. */
export function suggestion(word: string, options: Iterable<string>, how?: { foldCase?: boolean }): string {
  const closest = closestOf(word, options, how);
  return closest === undefined ? "" : ` (did you mean ${closest}?)`;
}

function inCaseOf(written: string, option: string): string {
  return written === written.toUpperCase() && written !== written.toLowerCase() ? option.toUpperCase() : option;
}

/** Insertions, deletions and replacements; a swap of neighbours counts as two, as in Docker's suggestions. */
function levenshtein(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      row.push(Math.min((above[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1), (above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    above = row;
  }
  return above[b.length] ?? 0;
}
