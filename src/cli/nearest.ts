import "./core.ts";
import { editDistance } from "../base/mod.ts";

/** The candidates that someone who wrote `name` may have meant: those it begins, and those a slip of the finger away. */
export function nearest(name: string, candidates: readonly string[]): string[] {
  return [...new Set(candidates.filter((candidate) => candidate.startsWith(name) || editDistance(candidate, name) <= (name.length > 4 ? 2 : 1)))];
}

/** What is printed under a message about a name that there is not; empty when nothing is near. */
export const hint = (near: readonly string[]): string => (near.length === 0 ? "" : `\n\nDid you mean this?\n${near.map((line) => `  ${line}`).join("\n")}`);
