import { flagsOf, PROGRAM, type CommandSpec, type Entry } from "./command.ts";
import { flagTitle, typeName, type Flag } from "./flags.ts";
import { GLOBAL_FLAGS } from "./global-flags.ts";
import { namesOf, TABLE } from "./table/mod.ts";

const DEFAULT_WIDTH = 80;

/** Help of one command, laid out as docker's. */
export async function commandHelp(path: readonly string[], command: CommandSpec, width = terminalWidth()): Promise<string> {
  const names = namesOf(command);
  const aliases = names.length > 1 ? `\n\nAliases:\n  ${names.map((name) => `${PROGRAM} ${name}`).join(", ")}` : "";
  const flags = (await flagsOf(command)).filter((flag) => !flag.hidden);
  const options = flags.length === 0 ? "" : `\n\nOptions:\n${flagLines(flags, width)}`;
  return `${usageLine(path, command.usage)}\n\n${command.summary}${aliases}${options}\n`;
}

export const usageLine = (path: readonly string[], usage: string): string => `Usage:  ${[PROGRAM, ...path, usage.replaceAll("\thako ", `\t${PROGRAM} `)].filter((word) => word !== "").join(" ")}`;

export function groupHelp(path: readonly string[], entry: Entry, width = terminalWidth()): string {
  const shown = entry.options?.filter((flag) => !flag.hidden);
  const options = shown ? `Options:\n${flagLines(shown, width)}\n\n` : "";
  return `Usage:  ${[PROGRAM, ...path].join(" ")} ${shown ? "[OPTIONS] " : ""}COMMAND\n\n${entry.summary ?? ""}\n\n${options}Commands:\n${entryLines(entry.children ?? [])}\n\nRun '${[PROGRAM, ...path].join(" ")} COMMAND --help' for more information on a command.\n`;
}

export function rootHelp(width = terminalWidth()): string {
  const section = (name: Entry["section"]) => TABLE.filter((entry) => entry.section === name && !entry.hidden);
  const others = section(undefined).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return [
    `Usage:  ${PROGRAM} [OPTIONS] COMMAND`,
    "A container engine that speaks Docker",
    `Common Commands:\n${entryLines(section("common"))}`,
    `Management Commands:\n${entryLines(section("management"))}`,
    `Commands:\n${entryLines(others)}`,
    `Global Options:\n${flagLines(GLOBAL_FLAGS.filter((flag) => !flag.hidden), width)}`,
    `Run '${PROGRAM} COMMAND --help' for more information on a command.\n`,
  ].join("\n\n");
}

function entryLines(entries: readonly Entry[]): string {
  return entries
    .filter((entry) => !entry.hidden)
    .map((entry) => `  ${entry.name.padEnd(11)} ${entry.command?.summary ?? entry.summary ?? ""}`)
    .join("\n");
}

function flagLines(flags: readonly Flag[], width: number): string {
  const rows = flags.map((flag) => ({ left: `${flag.short ? "  " : "      "}${flagTitle(flag)}${flag.type === "bool" ? "" : flag.bare !== undefined ? `[=${typeName(flag.type)}]` : ` ${typeName(flag.type)}`}`, help: flag.default === undefined ? flag.help : `${flag.help} (default ${flag.default})` }));
  const column = Math.max(...rows.map((row) => row.left.length)) + 3;
  return rows.map((row) => wrap(row.left.padEnd(column) + row.help, column, Math.max(width - 1, column + 24))).join("\n");
}


function wrap(line: string, indent: number, width: number): string {
  const lines: string[] = [];
  let rest = line;
  while (rest.length > width) {
    const cut = rest.lastIndexOf(" ", width);
    if (cut <= indent) break;
    lines.push(rest.slice(0, cut));
    rest = " ".repeat(indent) + rest.slice(cut + 1);
  }
  return [...lines, rest].join("\n");
}

/** Only help asks for it, so the terminal module's cost does not matter here. */
function terminalWidth(): number {
  return process.stdout.columns || DEFAULT_WIDTH;
}
