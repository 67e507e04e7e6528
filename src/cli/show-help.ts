import type { CommandSpec, Entry } from "./command.ts";
import { Failure } from "./failure.ts";
import { commandHelp, groupHelp, rootHelp } from "./help.ts";
import { err, out } from "./output.ts";
import { findGroup, resolveCommand } from "./resolve.ts";

export function showRootHelp(): number {
  out(rootHelp());
  return 0;
}

export async function showCommandHelp(path: readonly string[], command: CommandSpec): Promise<number> {
  out(await commandHelp(path, command));
  return 0;
}

/** A group without a name in it is no command: its help goes to standard error unless it was asked for. */
export function showGroupHelp(path: readonly string[], entry: Entry, asked: boolean): number {
  (asked ? out : err)(groupHelp(path, entry));
  return 0;
}

/** `--help` after a name that there is not shows what there is. */
export function showNearestHelp(words: readonly string[]): number {
  const group = findGroup(words[0] ?? "");
  return group ? showGroupHelp([group.name], group, true) : showRootHelp();
}

/** `hako help …` */
export async function help(words: readonly string[]): Promise<number> {
  if (words.length === 0) return showRootHelp();
  let resolved;
  try {
    resolved = resolveCommand(words);
  } catch {
    throw new Failure(`unknown help topic: ${words.join(" ")}`);
  }
  return resolved?.entry.command ? showCommandHelp(resolved.path, resolved.entry.command) : showNearestHelp(words);
}
