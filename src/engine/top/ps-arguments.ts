import { EngineError } from "../../base/mod.ts";
import type { ProcessInfo } from "../ports.ts";
import { columnNamed, pick, WITHOUT, type Column } from "./columns.ts";

/** What a ps command line asks for. */
export interface PsRequest {
  readonly columns: readonly Column[];
  readonly threads: boolean;
  readonly selects: (row: ProcessInfo) => boolean;
}

/** Flags of the Unix kind, which come with a dash, and of the BSD kind, which come without. */
interface Seen {
  readonly unix: Set<string>;
  readonly bsd: Set<string>;
  readonly columns: Column[];
  readonly pids: Set<number>;
  readonly names: Set<string>;
}

const UNIX_FLAGS = "aAcdefFHjlLMmNTwxyZ";
const BSD_FLAGS = "acefghHjLlmnrsTuvwXx";
const refuse = (what: string): never => {
  throw new EngineError("InvalidParameter", `ps: error: ${what}`);
};

/** Reads arguments of ps(1) as procps does. @throws EngineError InvalidParameter, in its words */
export function parsePsArguments(text: string): PsRequest {
  const words = text.trim().split(/\s+/).filter(Boolean);
  const seen: Seen = { unix: new Set(), bsd: new Set(), columns: [], pids: new Set(), names: new Set() };
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    const next = (): string | undefined => words[++at];
    if (word.startsWith("--")) readLong(seen, word.slice(2), next);
    else if (word.startsWith("-")) readUnix(seen, word.slice(1), next);
    else if (/^\d+(,\d+)*$/.test(word)) addPids(seen, word);
    else readBsd(seen, word, next);
  }
  return requestOf(seen);
}

function readLong(seen: Seen, word: string, next: () => string | undefined): void {
  const [name = "", given] = word.split(/=(.*)/s);
  const value = (what: string): string => given ?? next() ?? refuse(what);
  if (name === "format") addColumns(seen, value("format specification must follow --format"));
  else if (name === "pid") addPids(seen, value("process ID list syntax error"));
  else if (!["forest", "no-headers", "no-heading", "noheader", "headers", "cumulative", "deselect"].includes(name)) refuse("unknown gnu long option");
}

function readUnix(seen: Seen, letters: string, next: () => string | undefined): void {
  for (let at = 0; at < letters.length; at++) {
    const letter = letters[at] ?? "";
    const value = (what: string): string => letters.slice(at + 1) || (next() ?? refuse(what));
    if (letter === "o" || letter === "O") return addColumns(seen, value(`format specification must follow -${letter}`));
    if (letter === "p") return addPids(seen, value("list of process IDs must follow -p"));
    if (letter === "q") return addPids(seen, value("List of process IDs must follow -q."));
    if (letter === "C") return void value("list of command names must follow -C").split(",").forEach((name) => seen.names.add(name));
    if (!UNIX_FLAGS.includes(letter)) refuse("unsupported SysV option");
    seen.unix.add(letter);
  }
}

function readBsd(seen: Seen, letters: string, next: () => string | undefined): void {
  for (let at = 0; at < letters.length; at++) {
    const letter = letters[at] ?? "";
    const value = (what: string): string => letters.slice(at + 1) || (next() ?? refuse(what));
    if (letter === "o" || letter === "O") return addColumns(seen, value(`format specification must follow ${letter}`));
    if (letter === "p") return addPids(seen, value("list of process IDs must follow p"));
    if (!BSD_FLAGS.includes(letter)) refuse("unsupported option (BSD syntax)");
    seen.bsd.add(letter);
  }
}

function addPids(seen: Seen, list: string): void {
  for (const part of list.split(",")) seen.pids.add(/^\d{1,9}$/.test(part) ? Number(part) : refuse("process ID list syntax error"));
}

/** `pid,comm=NAME`: a title reaches to the end. */
function addColumns(seen: Seen, list: string): void {
  const equals = list.indexOf("=");
  const names = (equals < 0 ? list : list.slice(0, equals)).split(",");
  const found = names.map((name) => columnNamed(name) ?? refuse(WITHOUT.has(name) ? `the column ${JSON.stringify(name)} is not shown by top` : `unknown user-defined format specifier ${JSON.stringify(name.slice(0, 64))}`));
  const last = found.pop();
  seen.columns.push(...found, ...(last ? [equals < 0 ? last : { ...last, title: list.slice(equals + 1) }] : []));
}

function requestOf(seen: Seen): PsRequest {
  const { unix, bsd, columns, pids, names } = seen;
  const named = pids.size > 0 || names.size > 0;
  const everyone = !named && ["e", "A", "N"].some((letter) => unix.has(letter));
  return {
    columns: columns.length > 0 ? ownColumns(seen) : layout(seen),
    threads: unix.has("L") || unix.has("T") || bsd.has("H") || bsd.has("m") || unix.has("m"),
    selects: (row) => {
      if (named) return pids.has(row.pid) || names.has(row.name);
      if (!everyone && unix.has("a")) return row.session !== row.pid && row.tty !== "?";
      return everyone || !unix.has("d") || row.session !== row.pid;
    },
  };
}

function ownColumns({ unix, bsd, columns }: Seen): readonly Column[] {
  if (["f", "F", "l", "j"].some((letter) => unix.has(letter)) || ["u", "l", "j", "v", "s", "X"].some((letter) => bsd.has(letter))) refuse("conflicting format options.");
  // Docker finds the container's processes by this column.
  if (!columns.some(({ title }) => title === "PID")) throw new EngineError("InvalidParameter", "Couldn't find PID field in ps output");
  return columns;
}

const BSD_LAYOUTS: Readonly<Record<string, readonly string[]>> = {
  u: ["user", "pid", "pcpu", "pmem", "vsz", "rss", "tname", "stat", "bsdstart", "bsdtime", "args"],
  l: ["f", "uid", "pid", "ppid", "priority", "ni", "vsz", "rss", "wchan", "stat", "tname", "bsdtime", "args"],
  j: ["ppid", "pid", "pgid", "sid", "tname", "tpgid", "stat", "uid", "bsdtime", "args"],
  v: ["pid", "tname", "stat", "bsdtime", "maj_flt", "trs", "drs", "rss", "pmem", "args"],
  s: ["uid", "pid", "pending", "blocked", "ignored", "caught", "stat", "tname", "bsdtime", "args"],
};

function layout({ unix, bsd }: Seen): readonly Column[] {
  const has = (letter: string): boolean => unix.has(letter);
  if (has("y") && !has("l")) refuse("modifier -y without format -l makes no sense");
  const bsdLayout = Object.keys(BSD_LAYOUTS).find((letter) => bsd.has(letter));
  const isUnix = ["f", "F", "l", "j", "c", "L", "T"].some(has);
  if (bsdLayout !== undefined) return isUnix ? refuse("conflicting format options.") : pick(...(BSD_LAYOUTS[bsdLayout] ?? []));
  if (!isUnix && (bsd.size > 0 || has("x"))) return pick(...label(has), "pid", "tname", "stat", "bsdtime", "args");
  return pick(...unixColumns(has));
}

const label = (has: (letter: string) => boolean): string[] => (has("Z") ? ["label"] : []);

/** procps puts together what -f, -F, -l, -j, -c, -L, -T, -y and -Z ask for. */
function unixColumns(has: (letter: string) => boolean): string[] {
  const [long, full] = [has("l"), has("f") || has("F")];
  const when = (condition: boolean, ...names: string[]): string[] => (condition ? names : []);
  return [
    ...label(has), ...when(long && !has("y"), "f"), ...when(long, "s"), ...when(full, "user=UID"), ...when(long && !full, "uid"), "pid", ...when(has("T"), "spid"),
    ...when(long || full, "ppid"), ...when(has("j"), "pgid", "sid"), ...when(has("L"), "lwp"), ...when((long || full) && !has("c"), "c"), ...when(has("L") && (long || full), "nlwp"), ...when(has("c"), "cls", "pri"),
    ...when(long && !has("c"), "opri", "ni"), ...when(long && !has("y"), "addr", "sz", "wchan"), ...when(long && has("y"), "rss", "sz", "wchan"), ...when(has("F") && !long, "sz", "rss", "psr"),
    ...when(full, "stime"), "tname", "time", full ? "cmd" : "ucmd",
  ];
}
