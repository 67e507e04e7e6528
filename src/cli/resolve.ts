import { PROGRAM, type Entry } from "./command.ts";
import { Failure } from "./failure.ts";
import { NOT_YET, NOT_YET_IN, TABLE } from "./table/mod.ts";

export interface Resolved {
  readonly entry: Entry;
  readonly path: readonly string[];
  readonly rest: readonly string[];
}

/** Follows the words through the tree; a group with no further name resolves to itself. */
export function resolveCommand(words: readonly string[], table: readonly Entry[] = TABLE): Resolved {
  const name = words[0] ?? "";
  const entry = find(table, name);
  if (!entry) throw unknownCommand([], name, table);
  const sub = words[1];
  if (!entry.children || sub === undefined || sub.startsWith("-")) return { entry, path: [entry.name], rest: words.slice(1) };
  const child = find(entry.children, sub);
  if (!child) throw unknownCommand([entry.name], sub, entry.children);
  return { entry: child, path: [entry.name, sub], rest: words.slice(2) };
}

const find = (entries: readonly Entry[], name: string): Entry | undefined => entries.find((entry) => entry.name === name || entry.aliases?.includes(name));

function unknownCommand(group: readonly string[], name: string, entries: readonly Entry[]): Failure {
  const later = group.length === 0 ? NOT_YET.has(name) : NOT_YET_IN[group[0] ?? ""]?.includes(name);
  if (later) return new Failure(`${PROGRAM}: '${[...group, name].join(" ")}' is not there yet: this version runs containers from images that are loaded or imported`);
  const path = [PROGRAM, ...group].join(" ");
  const near = nearest(name, entries);
  const hint = near.length === 0 ? "" : `\n\nDid you mean this?\n${near.map((candidate) => `  ${path} ${candidate}`).join("\n")}`;
  const usage = group.length === 0 ? "" : `\n\nUsage:  ${path} COMMAND`;
  return new Failure(`${PROGRAM}: unknown command: ${path} ${name}${hint}${usage}\n\nRun '${path} --help' for more information`);
}

function nearest(name: string, entries: readonly Entry[]): string[] {
  const names = entries.filter((entry) => !entry.hidden).flatMap((entry) => [entry.name, ...(entry.aliases ?? [])]);
  return [...new Set(names.filter((candidate) => candidate.startsWith(name) || distance(candidate, name) <= (name.length > 4 ? 2 : 1)))];
}

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
