import { isIP } from "node:net";
import { plainValue, type JsonNode, type Position } from "./json-document.ts";

/** A value that cannot be taken; where it stood is known when it came from a file. */
export class ValueProblem extends Error {
  constructor(
    message: string,
    readonly at?: Position,
  ) {
    super(message);
    this.name = "ValueProblem";
  }
}

/** How the values of a setting are written: in the file as JSON, on the command line as words. */
export interface Kind<T> {
  /** What help calls it. */
  readonly title: string;
  /** The command line's way to parse it first; lists and maps may be given more than once. */
  readonly flagType: "bool" | "string" | "int" | "list" | "map";
  /** For the reference: what the file holds. */
  readonly inFile: string;
  fromNode(node: JsonNode): T;
  fromWords(words: readonly string[]): T;
  /** As Go prints it, in messages about conflicts. */
  show(value: T): string;
}

const NAMES: Record<JsonNode["kind"], string> = { object: "an object", array: "a list", string: "a string", number: "a number", bool: "true or false", null: "null" };

const mismatch = (node: JsonNode, wanted: string): ValueProblem => new ValueProblem(`it takes ${wanted}, not ${node.kind === "bool" ? String(node.value) : NAMES[node.kind]}`, node.at);

function stringOf(node: JsonNode, wanted = "a string"): string {
  if (node.kind !== "string") throw mismatch(node, wanted);
  return node.value;
}

/** A check of a value's text, with the position it came from. */
function located<T>(node: JsonNode, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (error instanceof ValueProblem && error.at === undefined) throw new ValueProblem(error.message, node.at);
    throw error;
  }
}

export const BOOL: Kind<boolean> = {
  title: "bool",
  flagType: "bool",
  inFile: "true or false",
  fromNode: (node) => {
    if (node.kind !== "bool") throw mismatch(node, "true or false");
    return node.value;
  },
  fromWords: ([word = "true"]) => word === "true",
  show: String,
};

export const INTEGER: Kind<number> = {
  title: "int",
  flagType: "int",
  inFile: "a whole number",
  fromNode: (node) => {
    if (node.kind !== "number" || !/^-?\d+$/.test(node.text) || !Number.isSafeInteger(node.value)) throw node.kind === "number" ? new ValueProblem(`it takes a whole number, not ${node.text.slice(0, 32)}`, node.at) : mismatch(node, "a whole number");
    return node.value;
  },
  fromWords: ([word = "0"]) => Number(word),
  show: String,
};

/** A string that `check` accepts, which throws a ValueProblem; an empty one stands for the default. */
export function text(check: (value: string) => void = () => undefined, title = "string"): Kind<string> {
  const checked = (value: string): string => {
    if (value !== "") check(value);
    return value;
  };
  return { title, flagType: "string", inFile: "a string", fromNode: (node) => located(node, () => checked(stringOf(node))), fromWords: ([word = ""]) => checked(word), show: String };
}

/** Several strings; `accept` throws a ValueProblem, or gives the form that is kept. */
export function list(accept: (value: string) => string | void = () => undefined): Kind<readonly string[]> {
  const checked = (value: string): string => accept(value) ?? value;
  return {
    title: "list",
    flagType: "list",
    inFile: "a list of strings",
    fromNode: (node) => {
      if (node.kind !== "array") throw mismatch(node, "a list of strings");
      return node.items.map((item) => located(item, () => checked(stringOf(item))));
    },
    fromWords: (words) => words.map(checked),
    show: (values) => `[${values.join(" ")}]`,
  };
}

/** Addresses; a word may hold several, with commas between them. */
export const IP_LIST: Kind<readonly string[]> = { ...list(requireIP), fromWords: (words) => list(requireIP).fromWords(words.flatMap((word) => word.split(","))) };

export interface MapRules<T> {
  readonly title?: string;
  readonly inFile: string;
  readonly value: (node: JsonNode) => T;
  /** One word of the command line. */
  readonly entry: (word: string) => readonly [string, T];
  readonly show?: (value: T) => string;
}

/** An object of names that the user chooses. */
export function map<T>({ title = "map", inFile, value, entry, show = String }: MapRules<T>): Kind<Readonly<Record<string, T>>> {
  return {
    title,
    flagType: "map",
    inFile,
    fromNode: (node) => Object.fromEntries(membersOf(node).map((member) => [member.name, located(member.value, () => value(member.value))])),
    fromWords: (words) => Object.fromEntries(words.map(entry)),
    show: (values) => `map[${Object.entries(values).map(([name, item]) => `${name}:${show(item)}`).join(" ")}]`,
  };
}

export function membersOf(node: JsonNode): readonly { readonly name: string; readonly at: Position; readonly value: JsonNode }[] {
  if (node.kind !== "object") throw mismatch(node, "an object");
  return node.members;
}

/** `name=value`, where the value may be missing only if `fallback` is given. */
export function pair(word: string, fallback?: string): readonly [string, string] {
  const at = word.indexOf("=");
  if (at < 0 && fallback !== undefined) return [word, fallback];
  if (at < 1) throw new ValueProblem(`bad attribute format: ${word}`);
  return [word.slice(0, at), word.slice(at + 1)];
}

export const STRING_MAP = map<string>({ inFile: "an object of strings", value: (node) => stringOf(node), entry: (word) => pair(word, "") });

export const BOOL_MAP = map<boolean>({ inFile: "an object of true and false", value: BOOL.fromNode, entry: (word) => namedBool(word) });

function namedBool(word: string): readonly [string, boolean] {
  const [name, value] = pair(word, "true");
  if (!/^(1|t|true|0|f|false)$/i.test(value)) throw new ValueProblem(`invalid boolean value: ${value}`);
  return [name, /^(1|t)/i.test(value)];
}

/** Anything: read, and of no consequence. */
export const ANYTHING: Kind<unknown> = { title: "map", flagType: "map", inFile: "an object", fromNode: plainValue, fromWords: (words) => words, show: (value) => JSON.stringify(value) };

const UNITS = "kmgtp";

/** `64M`, `1.5GiB`: bytes in powers of 1024. */
export const BYTES: Kind<number> = {
  title: "bytes",
  flagType: "string",
  inFile: 'a size such as "64M"',
  fromNode: (node) => located(node, () => bytesOf(stringOf(node, 'a size in quotes, such as "64M"'))),
  fromWords: ([word = ""]) => bytesOf(word),
  show: String,
};

function bytesOf(written: string): number {
  const match = /^(\d+(?:\.\d*)?|\.\d+) ?([^0-9. ]*)$/.exec(written);
  if (!match) throw new ValueProblem(`invalid size: '${written.slice(0, 64)}'`);
  const unit = /^(?:([kmgtp])i?)?b?$/i.exec(match[2] ?? "");
  if (!unit) throw new ValueProblem(`invalid suffix: '${(match[2] ?? "").toLowerCase().slice(0, 64)}'`);
  return Math.trunc(Number(match[1]) * 1024 ** (unit[1] === undefined ? 0 : UNITS.indexOf(unit[1].toLowerCase()) + 1));
}

export function requireIP(value: string): void {
  if (isIP(value) === 0) throw new ValueProblem(`invalid IP address: ${value.slice(0, 64)}`);
}

/** An IPv4 range; `net.ParseCIDR`'s message. */
export function requireCIDRIPv6(value: string): void {
  const [address = "", prefix = ""] = value.split("/");
  if (isIP(address) !== 6 || !/^\d{1,3}$/.test(prefix) || Number(prefix) > 128 || value.split("/").length !== 2) throw new ValueProblem(`invalid IPv6 CIDR address: ${value.slice(0, 64)}`);
}
export function requireCIDR(value: string): void {
  const [address = "", prefix = ""] = value.split("/");
  if (isIP(address) !== 4 || !/^\d{1,2}$/.test(prefix) || Number(prefix) > 32 || value.split("/").length !== 2) throw new ValueProblem(`invalid CIDR address: ${value.slice(0, 64)}`);
}

export function oneOf(message: (value: string) => string, ...allowed: string[]): (value: string) => void {
  return (value) => {
    if (!allowed.includes(value)) throw new ValueProblem(message(value.slice(0, 64)));
  };
}

export function integer(least: number, message: (value: number) => string): Kind<number> {
  const checked = (value: number): number => {
    if (value < least) throw new ValueProblem(message(value));
    return value;
  };
  return { ...INTEGER, fromNode: (node) => located(node, () => checked(INTEGER.fromNode(node))), fromWords: (words) => checked(INTEGER.fromWords(words)) };
}
