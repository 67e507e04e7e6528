import { editDistance } from "../base/mod.ts";

const FARTHEST = 3;

/** The name most like a mistyped one, if any is like it. */
export function closest(written: string, names: readonly string[]): string | undefined {
  const ranked = names.map((name) => ({ name, edits: editDistance(written.toLowerCase(), name) })).sort((a, b) => a.edits - b.edits)[0];
  return ranked && ranked.edits <= Math.min(FARTHEST, Math.floor(ranked.name.length / 2)) ? ranked.name : undefined;
}
