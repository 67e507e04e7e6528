import type { At } from "./ast.ts";
import type { HclFunction } from "./evaluate.ts";
import { DefinitionError } from "./scanner.ts";
import { equal, isList, isMap, kindOf, listOf, mapOf, numberOf, textOf, type Value, type ValueMap } from "./value.ts";

const has = (list: readonly Value[], value: Value): boolean => list.some((item) => equal(item, value));
const distinct = (list: readonly Value[]): Value[] => list.filter((value, index) => list.findIndex((other) => equal(other, value)) === index);
const list = (change: (values: readonly Value[]) => Value): HclFunction => (args, at) => change(listOf(args[0] ?? null, at));
const sets = (combine: (a: readonly Value[], b: readonly Value[]) => readonly Value[]): HclFunction => (args, at) => distinct(args.map((arg) => listOf(arg, at)).reduce((a, b) => combine(a, b)));
const flatten = (values: readonly Value[]): Value[] => values.flatMap((value) => (isList(value) ? flatten(value) : [value]));

export const collectionFunctions: Readonly<Record<string, HclFunction>> = {
  chunklist: (args, at) => chunks(listOf(args[0] ?? null, at), numberOf(args[1] ?? 1, at), at),
  coalesce: (args, at) => args.find((arg) => arg !== null) ?? fail(at, "coalesce: every argument is null"),
  coalescelist: (args, at) => args.find((arg) => isList(arg) && arg.length > 0) ?? fail(at, "coalescelist: every list is empty"),
  compact: list((values) => values.filter((value) => value !== "" && value !== null)),
  concat: (args, at) => args.flatMap((arg) => listOf(arg, at)),
  contains: (args, at) => has(listOf(args[0] ?? null, at), args[1] ?? null),
  distinct: list(distinct),
  element: (args, at) => element(listOf(args[0] ?? null, at), numberOf(args[1] ?? 0, at), at),
  flatten: list(flatten),
  hasindex: (args) => hasIndex(args[0] ?? null, args[1] ?? null),
  index: (args, at) => (isMap(args[0] ?? null) ? (mapOf(args[0] ?? null, at)[textOf(args[1] ?? null, at)] ?? fail(at, "index: there is no such key")) : element(listOf(args[0] ?? null, at), numberOf(args[1] ?? 0, at), at)),
  indexof: (args, at) => found(listOf(args[0] ?? null, at), args[1] ?? null, at),
  keys: (args, at) => Object.keys(mapOf(args[0] ?? null, at)).sort(),
  length: (args, at) => lengthOf(args[0] ?? null, at),
  lookup: (args, at) => mapOf(args[0] ?? null, at)[textOf(args[1] ?? null, at)] ?? args[2] ?? fail(at, "lookup: there is no such key"),
  merge: (args, at) => Object.assign({}, ...args.filter((arg) => arg !== null).map((arg) => mapOf(arg, at))) as ValueMap,
  reverselist: list((values) => [...values].reverse()),
  sethaselement: (args, at) => has(listOf(args[0] ?? null, at), args[1] ?? null),
  setproduct: (args, at) => product(args.map((arg) => listOf(arg, at)), at),
  setintersection: sets((a, b) => a.filter((value) => has(b, value))),
  setsubtract: sets((a, b) => a.filter((value) => !has(b, value))),
  setsymmetricdifference: sets((a, b) => [...a.filter((value) => !has(b, value)), ...b.filter((value) => !has(a, value))]),
  setunion: sets((a, b) => [...a, ...b]),
  slice: (args, at) => listOf(args[0] ?? null, at).slice(numberOf(args[1] ?? 0, at), args[2] === undefined ? undefined : numberOf(args[2], at)),
  sort: (args, at) => listOf(args[0] ?? null, at).map((value) => textOf(value, at)).sort(),
  values: (args, at) => Object.entries(mapOf(args[0] ?? null, at)).sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value),
  zipmap: (args, at) => zip(listOf(args[0] ?? null, at).map((key) => textOf(key, at)), listOf(args[1] ?? null, at), at),
};

function fail(at: At, problem: string): never {
  throw new DefinitionError(at, problem);
}

function chunks(values: readonly Value[], size: number, at: At): Value {
  if (size < 0) fail(at, "chunklist: the size must not be negative");
  if (size === 0) return [values];
  return Array.from({ length: Math.ceil(values.length / size) }, (_, index) => values.slice(index * size, (index + 1) * size));
}

const MAX_PRODUCT = 10_000;

function product(lists: readonly (readonly Value[])[], at: At): Value {
  if (lists.length < 2) fail(at, "setproduct: at least two arguments are wanted");
  if (lists.reduce((size, each) => size * each.length, 1) > MAX_PRODUCT) fail(at, `setproduct: more than ${MAX_PRODUCT} values`);
  return lists.reduce((made: readonly (readonly Value[])[], each) => made.flatMap((before) => each.map((value) => [...before, value])), [[]]);
}

function element(values: readonly Value[], index: number, at: At): Value {
  if (values.length === 0) fail(at, "element: the list is empty");
  return values[((index % values.length) + values.length) % values.length] ?? null;
}

function hasIndex(value: Value, key: Value): boolean {
  if (isList(value)) return typeof key === "number" && key >= 0 && key < value.length;
  return isMap(value) && typeof key === "string" && Object.hasOwn(value, key);
}

function found(values: readonly Value[], value: Value, at: At): number {
  const index = values.findIndex((item) => equal(item, value));
  return index < 0 ? fail(at, "indexof: item not found") : index;
}

function lengthOf(value: Value, at: At): number {
  if (isList(value)) return value.length;
  if (isMap(value)) return Object.keys(value).length;
  return fail(at, `length: lists and objects have one, a ${kindOf(value)} has not`);
}

function zip(keys: readonly string[], values: readonly Value[], at: At): Value {
  if (keys.length !== values.length) fail(at, "zipmap: as many keys as values are wanted");
  return Object.fromEntries(keys.map((key, index) => [key, values[index] ?? null]));
}
