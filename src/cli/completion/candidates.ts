import { flagsOf, type CommandSpec, type Entry } from "../command.ts";
import { isRepeated, type Flag } from "../flags.ts";
import { GLOBAL_FLAGS } from "../global-flags.ts";
import { namesOf, TABLE } from "../table/mod.ts";
import { ARGUMENTS, SEPARATOR, type ArgumentKind } from "./arguments.ts";
import { Directive, type Candidate } from "./directive.ts";
import { valuesOf } from "./flag-values.ts";
import { liveNames } from "./live.ts";

export interface Candidates {
  readonly names: readonly Candidate[];
  readonly directive: number;
}

/** How far the words before the one that is being written have led. */
interface Place {
  entries: readonly Entry[];
  command: CommandSpec | undefined;
  flags: readonly Flag[];
  /** The flags of the whole line, by name, as far as they have values. */
  readonly written: Map<string, string>;
  readonly args: string[];
  /** A flag that the word is the value of. */
  pending: Flag | undefined;
  onlyArguments: boolean;
}

const NOTHING: Candidates = { names: [], directive: Directive.noFiles };

export async function candidatesFor(words: readonly string[]): Promise<Candidates> {
  const partial = words.at(-1) ?? "";
  const place = await follow(words.slice(0, -1));
  if (!place) return NOTHING;
  if (place.pending) return flagValue(place, place.pending, partial, "");
  if (partial.startsWith("-") && !place.onlyArguments) return flagOrValue(place, partial);
  if (!place.command) return { names: visible(place.entries), directive: Directive.noFiles };
  return argument(place, partial);
}

const visible = (entries: readonly Entry[]): Candidate[] =>
  entries.filter((entry) => !entry.hidden).map((entry) => ({ name: entry.name, description: entry.command?.summary ?? entry.summary ?? "" })).toSorted((a, b) => (a.name < b.name ? -1 : 1));

/** Undefined when a word leads nowhere. */
async function follow(words: readonly string[]): Promise<Place | undefined> {
  const place: Place = { entries: TABLE, command: undefined, flags: GLOBAL_FLAGS, written: new Map(), args: [], pending: undefined, onlyArguments: false };
  for (const word of words) {
    if (place.pending) {
      write(place, place.pending, word);
      place.pending = undefined;
    } else if (word.startsWith("-") && word !== "-" && !place.onlyArguments) readFlag(place, word);
    else if (place.command) readArgument(place, word);
    else if (!(await enter(place, word))) return undefined;
  }
  return place;
}

function readFlag(place: Place, word: string): void {
  if (word === "--") {
    place.onlyArguments = true;
    return;
  }
  const [name = "", value] = word.split(/=(.*)/s);
  const flag = name.startsWith("--") ? place.flags.find((each) => `--${each.name}` === name) : place.flags.find((each) => each.short && each.short === name.at(-1));
  if (!flag) return;
  if (value !== undefined || flag.type === "bool") write(place, flag, value ?? "true");
  else place.pending = flag;
}

function write({ written }: Place, { name, type }: Flag, value: string): void {
  const before = type === "list" ? written.get(name) : undefined;
  written.set(name, before === undefined ? value : before + SEPARATOR + value);
}

function readArgument(place: Place, word: string): void {
  place.args.push(word);
  if (place.command?.interspersed === false) place.onlyArguments = true;
}

async function enter(place: Place, word: string): Promise<boolean> {
  const entry = place.entries.find(({ name, aliases }) => name === word || aliases?.includes(word));
  if (!entry) return false;
  place.command = entry.command;
  place.entries = entry.children ?? [];
  if (entry.options) place.flags = entry.options;
  if (entry.command) place.flags = await flagsOf(entry.command);
  return true;
}

async function flagOrValue(place: Place, partial: string): Promise<Candidates> {
  const equals = partial.indexOf("=");
  const flag = equals < 0 ? undefined : place.flags.find(({ name }) => partial.slice(0, equals) === `--${name}`);
  if (flag) return flagValue(place, flag, partial.slice(equals + 1), partial.slice(0, equals + 1));
  const free = place.flags.filter((each) => !each.hidden && (isRepeated(each.type) || !place.written.has(each.name)));
  const names = free.flatMap(({ name, short, help }) => [{ name: `--${name}`, description: help }, ...(short ? [{ name: `-${short}`, description: help }] : [])]);
  return { names: [...names, { name: "--help", description: "Print usage" }], directive: Directive.noFiles };
}

async function flagValue(place: Place, flag: Flag, partial: string, prefix: string): Promise<Candidates> {
  const known = valuesOf(keyOf(place.command), flag, partial);
  if (known === "files") return { names: [], directive: Directive.files };
  const names = typeof known === "string" ? await liveNames(known, place.written) : (known ?? []);
  const open = names.some(({ name }) => /[=:]$/.test(name)) ? Directive.noSpace : 0;
  return { names: names.map((each) => ({ ...each, name: prefix + each.name })), directive: Directive.noFiles | open };
}

async function argument(place: Place, partial: string): Promise<Candidates> {
  const known = ARGUMENTS[keyOf(place.command)];
  const kind = known && kindAt(known, place.args.length);
  if (!kind) return place.onlyArguments ? { names: [], directive: Directive.files } : NOTHING;
  if (kind === "files") return { names: [], directive: Directive.files };
  const names = kind === "services" ? (await import("./services.ts")).serviceNames(place.written) : await liveNames(kind === "removable" && place.written.has("force") ? "containers" : kind, place.written);
  if (kind === "paths") return { names: names.map(({ name }) => ({ name: `${name}:` })), directive: partial.includes("/") || partial.includes(":") ? Directive.files : Directive.noSpace };
  return { names: names.filter(({ name }) => !place.args.includes(name)), directive: Directive.noFiles };
}

function kindAt({ kind, most = Infinity, then }: ArgumentKind, before: number): ArgumentKind["kind"] | undefined {
  return before < most ? kind : before === most ? then : undefined;
}

/** A command's first name: `container ls` for `ps` too. */
const keyOf = (command: CommandSpec | undefined): string => (command ? (namesOf(command)[0] ?? "") : "");
