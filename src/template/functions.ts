import { TemplateError } from "./lex.ts";
import { show, sprintf, typeName } from "./print.ts";

export type TemplateFunction = (...args: unknown[]) => unknown;

/** Go's truth: empty strings, lists and maps, zero, false and nothing are false. */
export function isTrue(value: unknown): boolean {
  if (value === null || value === undefined) return false;
  if (typeof value === "string" || Array.isArray(value)) return value.length > 0;
  if (typeof value === "object") return Object.keys(value).length > 0;
  return Boolean(value);
}

/** Marks one row of a list, whose JSON is escaped for HTML as docker's is. */
export const ROW: unique symbol = Symbol("row");
const isRow = (value: unknown): boolean => typeof value === "object" && value !== null && ROW in value;

const ESCAPED: Readonly<Record<string, string>> = { "<": "\\u003c", ">": "\\u003e", "&": "\\u0026" };
export const rowJson = (row: unknown): string => JSON.stringify(row).replace(/[<>&]/g, (letter) => ESCAPED[letter] ?? letter);

const text = (value: unknown): string => (typeof value === "string" ? value : show(value));

export const FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  not: (value) => !isTrue(value),
  len: (value) => lengthOf(value),
  index: (value, ...keys) => keys.reduce(indexInto, value),
  slice: (value, from = 0, to) => sliceOf(value, Number(from), to === undefined ? undefined : Number(to)),
  print: (...values) => joinPrinted(values),
  println: (...values) => `${values.map(show).join(" ")}\n`,
  printf: (format, ...values) => sprintf(text(format), values),
  html: (value) => text(value).replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`),
  urlquery: (value) => encodeURIComponent(text(value)).replaceAll("%20", "+"),
  eq: (first, ...others) => {
    if (others.length === 0) throw new TemplateError("missing argument for comparison");
    return others.some((other) => equals(first, other));
  },
  ne: (first, second) => !equals(first, second),
  lt: (first, second) => compare(first, second) < 0,
  le: (first, second) => compare(first, second) <= 0,
  gt: (first, second) => compare(first, second) > 0,
  ge: (first, second) => compare(first, second) >= 0,
  json: (value) => (isRow(value) ? rowJson(value) : JSON.stringify(value === undefined ? null : value)),
  split: (value, separator) => text(value).split(text(separator)),
  join: (values, separator) => (Array.isArray(values) ? values.map(text).join(text(separator)) : text(values)),
  title: (value) => text(value).replace(/(^|[^\p{L}\p{N}_'])(\p{L})/gu, (_, before: string, letter: string) => before + letter.toUpperCase()),
  lower: (value) => text(value).toLowerCase(),
  upper: (value) => text(value).toUpperCase(),
  pad: (value, before, after) => (text(value) === "" ? "" : spaces(before) + text(value) + spaces(after)),
  truncate: (value, length) => (Number(length) < [...text(value)].length ? [...text(value)].slice(0, Number(length)).join("") : text(value)),
};

/** `and` and `or` stop at the first value that decides; the interpreter handles them. */
export const FUNCTION_NAMES: ReadonlySet<string> = new Set([...Object.keys(FUNCTIONS), "and", "or"]);

/** Headings of a table go through the same template; these leave them as they are. */
export const HEADING_FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  ...FUNCTIONS,
  json: (value) => value,
  title: (value) => value,
  lower: (value) => value,
  upper: (value) => value,
  truncate: (value) => value,
  split: (value) => value,
  join: (value) => value,
};

const MAX_SPACES = 1_000_000;

function spaces(count: unknown): string {
  if (!(Number(count) <= MAX_SPACES)) throw new TemplateError(`error calling pad: a padding of ${show(count)}`);
  return " ".repeat(Number(count));
}

function lengthOf(value: unknown): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.length;
  if (typeof value === "object" && value !== null) return Object.keys(value).length;
  throw new TemplateError(value === null || value === undefined ? "error calling len: len of nil pointer" : `error calling len: len of type ${typeName(value)}`);
}

function indexInto(value: unknown, key: unknown): unknown {
  if (Array.isArray(value)) {
    const at = Number(key);
    if (!Number.isInteger(at) || typeof key === "string") throw new TemplateError(`error calling index: cannot index slice/array with type ${typeName(key)}`);
    if (at < 0 || at >= value.length) throw new TemplateError(`error calling index: reflect: slice index out of range`);
    return value[at];
  }
  if (typeof value === "string") return Buffer.from(value)[Number(key)];
  if (typeof value === "object" && value !== null) {
    if (Object.hasOwn(value, String(key))) return (value as Record<string, unknown>)[String(key)];
    // A Go map of strings gives the empty one; labels are such a map.
    return Object.values(value).every((item) => typeof item === "string") ? "" : undefined;
  }
  throw new TemplateError("error calling index: index of untyped nil");
}

function sliceOf(value: unknown, from: number, to: number | undefined): unknown {
  if (typeof value === "string") return Buffer.from(value).subarray(from, to).toString();
  if (Array.isArray(value)) return value.slice(from, to);
  throw new TemplateError(`error calling slice: can't slice item of type ${typeName(value)}`);
}

// Go's Sprint puts a space between two values of which neither is a string.
function joinPrinted(values: readonly unknown[]): string {
  return values.map((value, at) => (at > 0 && typeof value !== "string" && typeof values[at - 1] !== "string" ? " " : "") + show(value)).join("");
}

function equals(a: unknown, b: unknown): boolean {
  if (a !== null && b !== null && a !== undefined && b !== undefined && typeof a !== typeof b) throw new TemplateError("error calling eq: incompatible types for comparison");
  return (a ?? null) === (b ?? null);
}

function compare(a: unknown, b: unknown): number {
  if (typeof a !== typeof b) throw new TemplateError("error calling lt: incompatible types for comparison");
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === "string" && typeof b === "string") return a < b ? -1 : a > b ? 1 : 0;
  throw new TemplateError("error calling lt: invalid type for comparison");
}
