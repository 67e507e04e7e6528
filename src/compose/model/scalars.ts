import { parseBoolean } from "../interpolation/casts.ts";
import { shortestSingle } from "../output/numbers.ts";
import { isMapping, isNull, isSequence, textOf, type Node } from "../tree/node.ts";
import { parsed, scalarText, type Field } from "./field.ts";
import { formatDuration, parseDuration, parseSize } from "./quantities.ts";
import { shellWords } from "./shell-words.ts";

const same = <T extends string | number | boolean>(value: T): T => value;

/** An empty text counts as not said. */
export const text: Field<string> = { decode: (node, path) => scalarText(node, path) || undefined, write: same };
/** An empty text is something. */
export const keptText: Field<string> = { decode: (node, path) => scalarText(node, path), write: same };

const readBoolean = (node: Node, path: string): boolean => (node.kind === "scalar" && typeof node.value === "boolean" ? node.value : parsed(node, path, (word) => word !== "" && parseBoolean(word, () => {})));

/** `false` counts as not said. */
export const flag: Field<boolean> = { decode: (node, path) => readBoolean(node, path) || undefined, write: same };
/** `false` is something. */
export const keptFlag: Field<boolean> = { decode: (node, path) => (isNull(node) ? undefined : readBoolean(node, path)), write: same };

const readInteger = (node: Node, path: string): number => (node.kind === "scalar" && typeof node.value === "number" ? Math.trunc(node.value) : parsed(node, path, parseInteger));

function parseInteger(word: string): number {
  if (!/^[-+]?\d+$/.test(word)) throw new Error(`strconv.ParseInt: parsing ${JSON.stringify(word)}: invalid syntax`);
  return Number(word);
}

/** Zero counts as not said. */
export const integer: Field<number> = { decode: (node, path) => (isNull(node) ? undefined : readInteger(node, path) || undefined), write: same };
/** Zero is something. */
export const keptInteger: Field<number> = { decode: (node, path) => (isNull(node) ? undefined : readInteger(node, path)), write: same };

function parseNumber(word: string): number {
  const value = Number(word);
  if (word.trim() === "" || Number.isNaN(value)) throw new Error(`strconv.ParseFloat: parsing ${JSON.stringify(word)}: invalid syntax`);
  return value;
}

/** A number of single precision; zero counts as not said. */
export const number: Field<number> = {
  decode: (node, path) => (isNull(node) ? undefined : (node.kind === "scalar" && typeof node.value === "number" ? node.value : parsed(node, path, parseNumber)) || undefined),
  write: shortestSingle,
};

/** Bytes; zero counts as not said. */
export const size: Field<number> = {
  decode: (node, path) => (isNull(node) ? undefined : (node.kind === "scalar" && typeof node.value === "number" ? Math.trunc(node.value) : parsed(node, path, parseSize)) || undefined),
  write: String,
};
/** The same with -1 for no limit. */
export const sizeOrUnlimited: Field<number> = { ...size, decode: (node, path) => (node.kind === "scalar" && String(node.value) === "-1" ? -1 : size.decode(node, path)) };

/** Nanoseconds. */
export const duration: Field<number> = { decode: (node, path) => (isNull(node) ? undefined : parsed(node, path, parseDuration)), write: formatDuration };
/** Zero counts as not said. */
export const positiveDuration: Field<number> = { ...duration, decode: (node, path) => duration.decode(node, path) || undefined };

/** Permission bits, written in octal. */
export const fileMode: Field<number> = {
  decode: (node, path) => (node.kind === "scalar" && typeof node.value === "number" ? node.value : parsed(node, path, parseMode)),
  write: (value) => `0${value.toString(8)}`,
};

function parseMode(word: string): number {
  if (!/^[0-7]+$/.test(word)) throw new Error(`strconv.ParseInt: parsing ${JSON.stringify(word)}: invalid syntax`);
  return Number.parseInt(word, 8);
}

/** A program and its arguments. An empty one is something: it clears the image's. */
export const command: Field<readonly string[]> = {
  decode: (node, path) => {
    if (isNull(node)) return undefined;
    return isSequence(node) ? node.items.map(textOf) : parsed(node, path, shellWords);
  },
  write: (words) => words,
  absentJson: null,
};

/** A health check's test: a text is for the shell. */
export const healthTest: Field<readonly string[]> = {
  decode: (node) => (isNull(node) ? undefined : isSequence(node) ? (node.items.length > 0 ? node.items.map(textOf) : undefined) : ["CMD-SHELL", textOf(node)]),
  write: (words) => words,
};

/** `all`, or a number; -1 stands for all. */
export const deviceCount: Field<number> = {
  decode: (node, path) => (node.kind === "scalar" && typeof node.value === "number" ? node.value : parsed(node, path, parseCount)) || undefined,
  write: same,
};

function parseCount(word: string): number {
  if (word.toLowerCase() === "all") return -1;
  if (!/^[-+]?\d+$/.test(word)) throw new Error(`invalid value ${JSON.stringify(word)}, the only value allowed is 'all' or a number`);
  return Number(word);
}

type Pairs<T> = Field<Readonly<Record<string, T>>>;

function pairs<T extends string | null>(absent: T, valueOf: (node: Node) => T): Pairs<T> {
  return {
    decode: (node, path) => {
      const entries: (readonly [string, T])[] = isMapping(node) ? [...node.entries].map(([key, value]) => [key, isNull(value) ? absent : valueOf(value)] as const) : isSequence(node) ? node.items.map((item) => parsed(item, path, () => assignment(item, absent, valueOf))) : [];
      return entries.length === 0 ? undefined : Object.fromEntries(entries);
    },
    write: (values) => ({ sorted: true, entries: Object.entries(values) }),
  };
}

function assignment<T extends string | null>(item: Node, absent: T, valueOf: (node: Node) => T): readonly [string, T] {
  const word = textOf(item);
  const at = word.indexOf("=");
  const name = at < 0 ? word : word.slice(0, at);
  if (absent === null && /\s$/.test(name)) throw new Error(`environment variable ${name} is declared with a trailing space`);
  return at < 0 ? [word, absent] : [word.slice(0, at), valueOf({ kind: "scalar", value: word.slice(at + 1) })];
}

/** `NAME=value` pairs where a name may stand alone, for "the value that the environment has". */
export const variables: Pairs<string | null> = pairs<string | null>(null, textOf);
/** The same, where a name alone means an empty value. */
export const labels: Pairs<string> = pairs("", textOf);

/** `HOST=IP` and `HOST:IP`, one address or several. */
export const hosts: Field<Readonly<Record<string, readonly string[]>>> = {
  decode: (node, path) => {
    const found: Record<string, string[]> = {};
    const add = (host: string, address: string): void => void (found[host] ??= []).push(/^\[.+\]$/.test(address) ? address.slice(1, -1) : address);
    if (isMapping(node)) for (const [host, value] of node.entries) for (const address of isSequence(value) ? value.items : [value]) add(host, isNull(address) ? "" : textOf(address));
    if (isSequence(node)) for (const item of node.items) parsed(item, path, (word) => addHost(word, add));
    for (const host of Object.keys(found)) if (host === "" || /[:=]/.test(host)) parsed(node.kind === "scalar" ? node : { kind: "scalar", value: host, at: node.at }, path, () => badHost(host));
    return Object.keys(found).length === 0 ? undefined : found;
  },
  write: (values) => Object.entries(values).flatMap(([host, addresses]) => addresses.map((address) => `${host}=${address}`)).toSorted(),
};

function addHost(word: string, add: (host: string, address: string) => void): void {
  const separator = word.includes("=") ? "=" : ":";
  const at = word.indexOf(separator);
  if (at < 0) throw new Error(`invalid additional host, missing IP: ${word}`);
  for (const address of word.slice(at + 1).split(",")) add(word.slice(0, at), address);
}

function badHost(host: string): never {
  throw new Error(`bad host name '${host}'`);
}
