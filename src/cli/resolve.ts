import { PROGRAM, type Entry } from "./command.ts";
import { Failure } from "./failure.ts";
import type { Flag, Flags } from "./flags.ts";
import { parseLine } from "./parse.ts";
import { hint, nearest } from "./nearest.ts";
import { NOT_YET, TABLE } from "./table/mod.ts";

export interface Resolved {
  readonly entry: Entry;
  readonly path: readonly string[];
  readonly rest: readonly string[];
  readonly group?: Flags | undefined;
}

/**
 * Follows the words through the tree; a group with no further name resolves to itself. Nothing is found for a name that
 * there is not when help is asked for. @throws Failure for such a name otherwise
 */
export function resolveCommand(words: readonly string[], table: readonly Entry[] = TABLE): Resolved | undefined {
  const wantsHelp = words.includes("--help");
  const name = words[0] ?? "";
  const entry = find(table, name);
  if (!entry && wantsHelp && !NOT_YET.has(name)) return undefined;
  if (!entry) throw unknownCommand([], name, table);
  if (entry.options && entry.children) return resolveWithOptions(entry, entry.options, entry.children, words.slice(1));
  const sub = words[1];
  if (!entry.children || sub === undefined || sub.startsWith("-")) return { entry, path: [entry.name], rest: words.slice(1) };
  const child = find(entry.children, sub);
  if (!child && wantsHelp) return undefined;
  if (!child) throw unknownCommand([entry.name], sub, entry.children);
  return { entry: child, path: [entry.name, sub], rest: words.slice(2) };
}

/** A group whose flags stand before the name of its command. */
function resolveWithOptions(entry: Entry, options: readonly Flag[], children: readonly Entry[], words: readonly string[]): Resolved | undefined {
  const { flags, args, wantsHelp } = parseLine(words, options, false);
  const [name, ...rest] = args;
  const child = name === undefined ? undefined : find(children, name);
  if (child?.children && !wantsHelp) return resolveInside(entry, child, child.children, rest, flags);
  if (child && !wantsHelp) return { entry: child, path: [entry.name, child.name], rest, group: flags };
  if (name !== undefined && !child && !wantsHelp) throw unknownCommand([entry.name], name, children);
  return { entry, path: [entry.name], rest: wantsHelp ? ["--help"] : [] };
}

/** A group inside a group. @throws Failure */
function resolveInside(outer: Entry, entry: Entry, children: readonly Entry[], words: readonly string[], group: Flags): Resolved {
  const [name, ...rest] = words;
  const path = [outer.name, entry.name];
  if (name === undefined || name.startsWith("-")) return { entry, path, rest: words, group };
  const child = find(children, name);
  if (!child) throw unknownCommand(path, name, children);
  return { entry: child, path: [...path, child.name], rest, group };
}

export const findGroup = (name: string): Entry | undefined => TABLE.find((entry) => entry.name === name && entry.children);

const find = (entries: readonly Entry[], name: string): Entry | undefined => entries.find((entry) => entry.name === name || entry.aliases?.includes(name));

function unknownCommand(group: readonly string[], name: string, entries: readonly Entry[]): Failure {
  const later = group.length === 0 && NOT_YET.has(name);
  if (later) return new Failure(`${PROGRAM}: '${[...group, name].join(" ")}' is not part of this version`);
  const path = [PROGRAM, ...group].join(" ");
  const visible = entries.filter((entry) => !entry.hidden).flatMap((entry) => [entry.name, ...(entry.aliases ?? [])]);
  const near = nearest(name, visible).map((candidate) => `${path} ${candidate}`);
  const usage = group.length === 0 ? "" : `\n\nUsage:  ${path}`;
  return new Failure(`${PROGRAM}: unknown command: ${path} ${name}${hint(near)}${usage}\n\nRun '${path} --help' for more information`);
}
