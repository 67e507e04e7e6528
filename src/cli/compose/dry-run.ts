import type { Invocation } from "../command.ts";
import { err, printable } from "../output.ts";

export const DRY_RUN_PREFIX = "DRY-RUN MODE -  ";

/** `--dry-run`, before or after the command's name. */
export const isDryRun = ({ flags, group }: Pick<Invocation, "flags" | "group">): boolean => (group?.bool("dry-run") ?? false) || (flags.has("dry-run") && flags.bool("dry-run"));

/** What is not done. @returns the exit code */
export function sayDry(id: string, text: string): number {
  err(` ${DRY_RUN_PREFIX}${printable(id)}  ${printable(text)}\n`);
  return 0;
}
