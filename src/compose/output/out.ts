/** What is written out, whatever the format: the order of a struct's fields is kept, a map's keys are sorted by each format's own rule. */
export type Out = null | boolean | string | number | Float | Instant | readonly Out[] | OutMap;

/** A number that was written as a fraction: a million of these is `1e+06`. */
export class Float {
  constructor(readonly value: number) {}
}

/** A date, in the form in which it is written. */
export class Instant {
  constructor(readonly text: string) {}
}

export interface OutMap {
  readonly sorted: boolean;
  readonly entries: readonly (readonly [string, Out])[];
}

export const isOutMap = (out: Out): out is OutMap => typeof out === "object" && out !== null && "sorted" in out;
export const isOutList = (out: Out): out is readonly Out[] => Array.isArray(out);

/** Values of an extension (`x-…`), which may be anything YAML can say. */
export type Plain = null | boolean | string | number | Date | readonly Plain[] | { readonly [key: string]: Plain };

export function outOf(plain: Plain): Out {
  if (plain instanceof Date) return new Instant(plain.toISOString().replace(/\.000Z$/, "Z"));
  if (typeof plain === "number") return Number.isInteger(plain) ? plain : new Float(plain);
  if (plain === null || typeof plain !== "object") return plain;
  if (Array.isArray(plain)) return (plain as readonly Plain[]).map(outOf);
  return { sorted: true, entries: Object.entries(plain as { readonly [key: string]: Plain }).map(([key, value]) => [key, outOf(value)]) };
}
