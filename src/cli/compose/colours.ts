import type { Invocation } from "../command.ts";
import { stdoutIsTerminal } from "../terminal.ts";

/** `--ansi`, or COMPOSE_ANSI. */
export const ansiOf = ({ group }: Pick<Invocation, "group">): string => (group?.changed("ansi") ? group.string("ansi") : process.env["COMPOSE_ANSI"]) || "auto";

/** Whether output of containers is shown in colours, for a command that has --no-color. */
export function wantsColours(invocation: Pick<Invocation, "flags" | "group">): boolean {
  const ansi = ansiOf(invocation);
  return !invocation.flags.bool("no-color") && ansi !== "never" && (ansi === "always" || stdoutIsTerminal());
}
