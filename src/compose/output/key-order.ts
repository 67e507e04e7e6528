const isDigit = (letter: string): boolean => /\p{Nd}/u.test(letter);
const isLetter = (letter: string): boolean => /\p{L}/u.test(letter);

/** The order of a map's keys in docker-compose's YAML: numbers inside of keys by their size, letters after everything else. */
export function compareKeys(a: string, b: string): number {
  const left = [...a];
  const right = [...b];
  let at = 0;
  while (at < left.length && at < right.length && left[at] === right[at]) at++;
  const l = left[at];
  const r = right[at];
  if (l === undefined || r === undefined) return left.length - right.length;
  const afterDigits = at > 0 && isDigit(left[at - 1] ?? "");
  if (isLetter(l) && isLetter(r)) return byCodePoint(l, r);
  if (isLetter(l) || isLetter(r)) return isLetter(l) === afterDigits ? -1 : 1;
  return compareNumbers(left, right, at) || byCodePoint(l, r);
}

function compareNumbers(left: readonly string[], right: readonly string[], at: number): number {
  const number = (letters: readonly string[]): string => /^\p{Nd}*/u.exec(letters.slice(at).join(""))?.[0] ?? "";
  const [l, r] = [number(left), number(right)];
  // Behind digits that are not all zero, zeros count: 101 and 11 differ, 0.01 and 0.1 do too.
  const lead = l.startsWith("0") || r.startsWith("0") ? (hasNumberBefore(left, at) ? "1" : "") : "";
  const difference = Number(lead + l) - Number(lead + r);
  return difference !== 0 ? difference : l.length - r.length;
}

function hasNumberBefore(letters: readonly string[], at: number): boolean {
  for (let index = at - 1; index >= 0 && isDigit(letters[index] ?? ""); index--) if (letters[index] !== "0") return true;
  return false;
}

const byCodePoint = (a: string, b: string): number => (a.codePointAt(0) ?? 0) - (b.codePointAt(0) ?? 0);
