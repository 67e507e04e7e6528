import { EngineError } from "../base/mod.ts";
import { isList, isMap, textOf, type Value, type ValueMap } from "./hcl/mod.ts";

/** `type=registry,ref=x`, its parts. */
export type Fields = Readonly<Record<string, string>>;

/** One image to build; the names are those of the definition files and of `--print`. */
export interface Target {
  readonly description?: string;
  readonly annotations?: readonly string[];
  readonly attest?: readonly Fields[];
  readonly context?: string;
  readonly contexts?: Readonly<Record<string, string>>;
  readonly dockerfile?: string;
  readonly "dockerfile-inline"?: string;
  readonly args?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly tags?: readonly string[];
  readonly "cache-from"?: readonly Fields[];
  readonly "cache-to"?: readonly Fields[];
  readonly target?: string;
  readonly secret?: readonly Fields[];
  readonly ssh?: readonly Fields[];
  readonly platforms?: readonly string[];
  readonly output?: readonly Fields[];
  readonly pull?: boolean;
  readonly "no-cache"?: boolean;
  readonly network?: string;
  readonly "no-cache-filter"?: readonly string[];
  readonly "shm-size"?: string;
  readonly ulimits?: readonly string[];
  readonly call?: string;
  readonly entitlements?: readonly string[];
  readonly "extra-hosts"?: Readonly<Record<string, string>>;
}

export type TargetKey = keyof Target;

interface Kind {
  /** @throws EngineError */
  readonly read: (value: Value, key: string) => unknown;
  /** What an heir has goes on top of what its parent has. */
  readonly merge: (below: never, above: never) => unknown;
}

const invalid = (key: string, wanted: string): EngineError => new EngineError("InvalidParameter", `${key}: ${wanted} is wanted`);
const replace = (_: unknown, above: unknown): unknown => above;
const append = (below: readonly unknown[], above: readonly unknown[]): unknown => [...below, ...above];
const overlay = (below: Fields, above: Fields): unknown => sorted({ ...below, ...above });
const union = (below: readonly Fields[], above: readonly Fields[]): unknown => {
  const seen = new Map([...below, ...above].map((fields) => [JSON.stringify(sorted(fields)), fields]));
  return [...seen.values()];
};
/** An attestation of one type is there once. */
const byType = (below: readonly Fields[], above: readonly Fields[]): unknown => [...new Map([...below, ...above].map((fields) => [fields["type"], fields])).values()];

const text: Kind["read"] = (value, key) => {
  if (typeof value === "object") throw invalid(key, "a text");
  return textOf(value);
};
const flag: Kind["read"] = (value, key) => {
  if (typeof value === "boolean") return value;
  if (value === "true" || value === "1") return true;
  if (value === "false" || value === "0") return false;
  throw invalid(key, "true or false");
};
const texts: Kind["read"] = (value, key) => (isList(value) ? value : [value]).filter((item) => item !== null).map((item) => text(item, key));
const textMap: Kind["read"] = (value, key) => {
  if (!isMap(value)) throw invalid(key, "an object");
  const present = Object.entries(value).filter(([, item]) => item !== null);
  return sorted(Object.fromEntries(present.map(([name, item]) => [name, text(item, `${key}.${name}`) as string])));
};
const fieldsBy = (parse: (text: string) => Fields, order: (fields: Fields) => Fields = sorted): Kind["read"] => (value, key) =>
  (isList(value) ? value : [value]).filter((item) => item !== null && item !== "").map((item) => order(isMap(item) ? (textMap(joined(item), key) as Fields) : parse(text(item, key) as string)));
/** Several values of one field are one text. */
const joined = (fields: ValueMap): ValueMap => Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, isList(value) ? value.map((item) => textOf(item)).join(",") : value]));

const TEXT: Kind = { read: text, merge: replace };
const FLAG: Kind = { read: flag, merge: replace };
const MAP: Kind = { read: textMap, merge: overlay };
const LIST: Kind = { read: texts, merge: replace };
const ADDED: Kind = { read: texts, merge: append };

/** In the order in which `--print` shows them. */
export const KEYS: Readonly<Record<TargetKey, Kind>> = {
  description: TEXT,
  annotations: ADDED,
  attest: { read: fieldsBy(plainFields, attestOf), merge: byType },
  context: TEXT,
  contexts: MAP,
  dockerfile: TEXT,
  "dockerfile-inline": TEXT,
  args: MAP,
  labels: MAP,
  tags: LIST,
  "cache-from": { read: fieldsBy(cacheFields), merge: union },
  "cache-to": { read: fieldsBy(cacheFields), merge: replace },
  target: TEXT,
  secret: { read: fieldsBy(plainFields, secretOf), merge: union },
  ssh: { read: fieldsBy(sshFields), merge: union },
  platforms: LIST,
  output: { read: fieldsBy(outputFields), merge: replace },
  pull: FLAG,
  "no-cache": FLAG,
  network: TEXT,
  "no-cache-filter": LIST,
  "shm-size": TEXT,
  ulimits: LIST,
  call: TEXT,
  entitlements: ADDED,
  "extra-hosts": MAP,
};

export function isTargetKey(key: string): key is TargetKey {
  return Object.hasOwn(KEYS, key);
}

/** @throws EngineError when a value is of the wrong type */
export function readTarget(values: Readonly<Record<string, Value>>, name: string): Target {
  const present = (Object.keys(KEYS) as TargetKey[]).filter((key) => values[key] !== undefined && values[key] !== null);
  return Object.fromEntries(present.map((key) => [key, KEYS[key].read(values[key] ?? null, `target.${name}.${key}`)]));
}

export function mergeTargets(below: Target, above: Target): Target {
  const merged = (Object.keys(KEYS) as TargetKey[]).map((key): [TargetKey, unknown] => {
    const [low, high] = [below[key], above[key]];
    return [key, low === undefined || high === undefined ? (high ?? low) : KEYS[key].merge(low as never, high as never)];
  });
  return Object.fromEntries(merged.filter(([, value]) => value !== undefined)) as Target;
}

/** `a=b,c=d`; a value may be quoted as in CSV. */
function plainFields(value: string): Fields {
  return Object.fromEntries(csv(value).map((field) => {
    const at = field.indexOf("=");
    return at < 0 ? [field, "true"] : [field.slice(0, at).toLowerCase(), field.slice(at + 1)];
  }));
}

function csv(value: string): string[] {
  return [...value.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) => quoted?.replace(/""/g, '"') ?? plain ?? "").filter((field) => field !== "");
}

function cacheFields(value: string): Fields {
  return value.includes("=") ? plainFields(value) : { type: "registry", ref: value };
}

/** What is not switched off needs no word of it. */
function attestOf({ disabled = "false", ...fields }: Fields): Fields {
  return sorted(/^(?:0|f|F|FALSE|false|False)$/.test(disabled) ? fields : { ...fields, disabled: "true" });
}

/** Where `type` is env, the source is the name of a variable. */
function secretOf({ id, src, source, env, type }: Fields): Fields {
  const place = src ?? source;
  const variable = env ?? (type === "env" ? place : undefined);
  return { ...(id !== undefined && { id }), ...(place !== undefined && variable === undefined && { src: place }), ...(variable !== undefined && { env: variable }) };
}

function sshFields(value: string): Fields {
  const at = value.indexOf("=");
  return at < 0 ? { id: value } : { id: value.slice(0, at), paths: value.slice(at + 1) };
}

/** As the flag --output: a path alone is a folder, `-` is standard output. */
function outputFields(value: string): Fields {
  if (value === "-") return { type: "tar", dest: "-" };
  return value.includes("=") ? plainFields(value) : { type: "local", dest: value };
}

function sorted<T>(fields: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1)));
}
