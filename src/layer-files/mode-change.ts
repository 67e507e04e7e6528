import { EngineError } from "../base/mod.ts";

/** --chmod: octal digits, or chmod(1)'s symbols (`u=rwX,go-w`), as a change of permission bits; "" changes nothing. @throws EngineError InvalidParameter */
export function modeChange(text: string): ((mode: number, isFolder: boolean) => number) | undefined {
  if (text === "") return undefined;
  if (/^[0-7]{1,4}$/.test(text)) {
    const bits = parseInt(text, 8);
    return () => bits;
  }
  const clauses = text.split(",").map((clause) => parseClause(clause, text));
  return (mode, isFolder) => clauses.reduce((bits, clause) => clause(bits, isFolder), mode & 0o7777);
}

type Clause = (mode: number, isFolder: boolean) => number;

const WHO: Readonly<Record<string, number>> = { u: 0o4700, g: 0o2070, o: 0o0007, a: 0o6777 };

function parseClause(clause: string, text: string): Clause {
  const match = /^([ugoa]*)((?:[-+=][rwxXst]*|[-+=][ugo])+)$/.exec(clause);
  if (!match) throw new EngineError("InvalidParameter", `invalid chmod parameter: '${text.slice(0, 64)}'. it should be octal string and between 0 and 07777`);
  const [, who = "", actions = ""] = match;
  const mask = (who === "" ? "a" : who).split("").reduce((bits, letter) => bits | (WHO[letter] ?? 0), 0) | 0o1000;
  const steps = [...actions.matchAll(/([-+=])([rwxXstugo]*)/g)].map(([, operator = "", what = ""]) => ({ operator, what }));
  return (mode, isFolder) => steps.reduce((bits, { operator, what }) => apply(bits, operator, bitsOf(what, bits, isFolder) & mask, mask & 0o6777), mode);
}

function apply(mode: number, operator: string, bits: number, mask: number): number {
  if (operator === "+") return mode | bits;
  if (operator === "-") return mode & ~bits;
  return (mode & ~mask) | bits;
}

function bitsOf(what: string, mode: number, isFolder: boolean): number {
  const spread = (digit: number): number => digit * 0o111;
  const letters: Readonly<Record<string, () => number>> = {
    r: () => 0o444, w: () => 0o222, x: () => 0o111, X: () => (isFolder || (mode & 0o111) !== 0 ? 0o111 : 0), s: () => 0o6000, t: () => 0o1000,
    u: () => spread((mode >> 6) & 7), g: () => spread((mode >> 3) & 7), o: () => spread(mode & 7),
  };
  return what.split("").reduce((bits, letter) => bits | (letters[letter]?.() ?? 0), 0);
}
