import { UsageError } from "./failure.ts";
import { err } from "./output.ts";
import { hint, nearest } from "./nearest.ts";
import { Flags, flagTitle, type Flag } from "./flags.ts";
import { parseBool, parseBytes, parseDuration, parseInteger, parseNanoCpus, parseSwap, quote, ValueError } from "./values.ts";

export interface ParsedLine {
  readonly flags: Flags;
  readonly args: readonly string[];
  readonly wantsHelp: boolean;
}

/** Flags and arguments of one command, by the rules of pflag. With `interspersed` false, flags end at the first argument. */
export function parseLine(words: readonly string[], table: readonly Flag[], interspersed: boolean): ParsedLine {
  const flags = new Flags(table);
  const args: string[] = [];
  let wantsHelp = false;
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    if (word === "--") {
      args.push(...words.slice(at + 1));
      break;
    }
    if (!word.startsWith("-") || word === "-") {
      if (!interspersed) {
        args.push(...words.slice(at));
        break;
      }
      args.push(word);
    } else if (word.startsWith("--")) {
      if (word === "--help" || word === "--help=true") wantsHelp = true;
      else at += parseLong(word, words[at + 1], flags);
    } else if (word === "-h" && !table.some((flag) => flag.short === "h")) {
      err("Flag shorthand -h has been deprecated, use --help\n");
      wantsHelp = true;
    } else {
      at += parseCluster(word, words[at + 1], flags);
    }
  }
  return { flags, args, wantsHelp };
}

/** @returns how many further words were used */
function parseLong(word: string, next: string | undefined, flags: Flags): number {
  const equals = word.indexOf("=");
  const name = equals < 0 ? word.slice(2) : word.slice(2, equals);
  if (name === "" || name.startsWith("-")) throw new UsageError(`bad flag syntax: ${word}`);
  const flag = flags.find(name);
  if (!flag) throw new UsageError(`unknown flag: --${name}${hint(nearest(name, visibleNames(flags)).map((near) => `--${near}`))}`);
  if (equals >= 0) setChecked(flags, flag, word.slice(equals + 1));
  else if (flag.type === "bool") flags.set(flag, "true");
  else if (flag.bare !== undefined) setChecked(flags, flag, flag.bare);
  else if (next === undefined) throw new UsageError(`flag needs an argument: --${name}`);
  else {
    setChecked(flags, flag, next);
    return 1;
  }
  return 0;
}

const visibleNames = (flags: Flags): string[] => flags.table.filter((flag) => !flag.hidden).map((flag) => flag.name);

function parseCluster(word: string, next: string | undefined, flags: Flags): number {
  for (let at = 1; at < word.length; at++) {
    const letter = word[at] ?? "";
    const flag = flags.table.find((candidate) => candidate.short === letter);
    if (!flag) throw new UsageError(`unknown shorthand flag: '${letter}' in -${word.slice(at)}`);
    const rest = word.slice(at + 1);
    if (flag.type === "bool" && !rest.startsWith("=")) {
      flags.set(flag, "true");
      continue;
    }
    if (rest !== "") {
      setChecked(flags, flag, rest.startsWith("=") ? rest.slice(1) : rest);
      return 0;
    }
    if (next === undefined) throw new UsageError(`flag needs an argument: '${letter}' in -${word.slice(at)}`);
    setChecked(flags, flag, next);
    return 1;
  }
  return 0;
}

function setChecked(flags: Flags, flag: Flag, value: string): void {
  try {
    if (flag.once && flags.changed(flag.name)) throw new ValueError(`specify only one -${flag.short ?? ""}`);
    if (flag.type === "strings") for (const item of value.split(",")) flags.set(flag, item);
    else flags.set(flag, normalise(flag, value));
  } catch (error) {
    if (error instanceof ValueError) throw invalidArgument(flag, value, error.message);
    throw error;
  }
}

function normalise(flag: Flag, value: string): string {
  switch (flag.type) {
    case "bool":
      return String(parseBool(value));
    case "int":
      return String(parseInteger(value, { min: -(2 ** 63), max: 2 ** 63, call: "ParseInt" }));
    case "uint":
      return String(parseInteger(value, { min: 0, max: 2 ** 64, call: "ParseUint" }));
    case "uint16":
      return String(parseInteger(value, { min: 0, max: 65535, call: "ParseUint" }));
    case "bytes":
      return String(parseBytes(value));
    case "swap":
      return String(parseSwap(value));
    case "duration":
      return String(parseDuration(value));
    case "decimal":
      return String(parseNanoCpus(value));
    case "filter":
      if (value !== "" && !value.includes("=")) throw new ValueError("bad format of filter (expected name=value)");
      return value;
    default:
      return value;
  }
}

export const invalidArgument = (flag: Flag, value: string, reason: string): UsageError => new UsageError(`invalid argument ${quote(value)} for "${flagTitle(flag)}" flag: ${reason}`);

/** Parses each value of a repeated flag; a ValueError becomes docker's message about the flag. */
export function eachValue<T>(flags: Flags, name: string, parse: (value: string) => T): T[] {
  const values = flags.list(name);
  if (values.length === 0) return [];
  const flag = flags.find(name);
  return values.map((value) => {
    try {
      return parse(value);
    } catch (error) {
      if (flag && error instanceof ValueError) throw invalidArgument(flag, value, error.message);
      throw error;
    }
  });
}
