import "./core.ts";
/** The candidates that someone who wrote `name` may have meant: those it begins, and those a slip of the finger away. */
export function nearest(name: string, candidates: readonly string[]): string[] {
  return [...new Set(candidates.filter((candidate) => candidate.startsWith(name) || distance(candidate, name) <= (name.length > 4 ? 2 : 1)))];
}

/** What is printed under a message about a name that there is not; empty when nothing is near. */
export const hint = (near: readonly string[]): string => (near.length === 0 ? "" : `\n\nDid you mean this?\n${near.map((line) => `  ${line}`).join("\n")}`);

/** Edits that turn one word into the other, two swapped letters being one (optimal string alignment). */
export function distance(a: string, b: string): number {
  let above: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (above[j - 2] ?? 0) + 1 : Infinity;
      next.push(Math.min(replaced, swapped, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    above = row;
    row = next;
  }
  return row[b.length] ?? 0;
}
