/** Every key of the specification's own schema, with values of every kind: what it lets pass passes here, what it refuses is refused. */
import { describe, expect, test } from "bun:test";
import Ajv from "ajv";
import { checkSchema } from "../../src/compose/schema/check.ts";
import { mapping, scalar, sequence, type MappingNode, type Node } from "../../src/compose/tree/node.ts";
import oracle from "./oracle/compose-spec.json";

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly oneOf?: readonly Schema[];
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean;
  readonly required?: readonly string[];
  readonly items?: Schema;
}

type Value = null | boolean | number | string | readonly Value[] | { readonly [key: string]: Value };

const root = oracle as unknown as Schema & { readonly definitions: Readonly<Record<string, Schema>> };
const isAllowed = new Ajv({ strict: false, validateFormats: false, validateSchema: false, logger: false }).compile({ ...oracle, $schema: "http://json-schema.org/draft-07/schema#" });

const resolved = (schema: Schema): Schema => (schema.$ref ? resolved(root.definitions[schema.$ref.split("/").at(-1) ?? ""] ?? {}) : schema);

/** A value that the schema lets pass. */
function goodValue(schema: Schema): Value {
  const { oneOf, enum: words, type, pattern, properties = {}, required = [], items } = resolved(schema);
  const [first] = oneOf ?? [];
  if (first) return goodValue(first);
  if (words) return words[0] ?? "";
  const kind = typeof type === "string" ? type : type?.[0];
  if (pattern) return "always";
  if (kind === "object") return Object.fromEntries(required.map((key) => [key, goodValue(properties[key] ?? {})]));
  if (kind === "array") return [goodValue(items ?? {})];
  return kind === "boolean" ? true : kind === "null" ? null : kind === "integer" || kind === "number" ? 1 : "x";
}

/** Values of every kind, and those that the schema's own parts suggest. */
const KINDS: readonly Value[] = [null, true, 0, 1, 1.5, -1, 5000, "x", "", "1", [], ["x"], ["x", "x"], [1], [1, 1], [true], [{}], {}, { a: "b" }, { a: 1 }, { a: null }, { a: {} }, { a: [] }, { "x-own": 1 }, { "not a name": 1 }];

function suggested(schema: Schema): Value[] {
  const { oneOf = [], enum: words = [], properties = {}, patternProperties = {}, required = [], items } = resolved(schema);
  const base = Object.fromEntries(required.map((key) => [key, goodValue(properties[key] ?? {})]));
  const keys = Object.entries(properties).flatMap(([key, value]) => values(value).map((part) => ({ ...base, [key]: part })));
  const named = Object.entries(patternProperties).filter(([pattern]) => pattern !== "^x-").flatMap(([, value]) => values(value).map((part) => ({ abc: part })));
  return [...oneOf.flatMap(suggested), ...words, ...(items ? values(items).map((part) => [part]) : []), ...keys, ...named, ...required.map((key) => Object.fromEntries(Object.entries(base).filter(([name]) => name !== key)))];
}

const values = (schema: Schema): Value[] => [...KINDS, ...suggested(schema)];

function nodeOf(value: Value): Node {
  if (value === null || typeof value !== "object") return scalar(value);
  if (Array.isArray(value)) return sequence((value as readonly Value[]).map(nodeOf));
  return mapping(Object.entries(value as { readonly [key: string]: Value }).map(([key, part]) => [key, nodeOf(part)]));
}

function isAllowedHere(project: Value): boolean {
  try {
    checkSchema(nodeOf(project) as MappingNode, "compose.yaml");
    return true;
  } catch {
    return false;
  }
}

/** The schema of docker-compose 2.40 lets a service name a model and say nothing more. */
const isNewer = (value: Value): boolean => /^\{"\w+":null\}$/.test(JSON.stringify(value));

function disagreements(key: string, schema: Schema, place: (value: Value) => Value): string[] {
  const differing = values(schema).filter((value) => !(key === "models" && isNewer(value)) && isAllowed(place(value)) !== isAllowedHere(place(value)));
  return differing.map((value) => `${JSON.stringify(value)} is ${isAllowed(place(value)) ? "allowed" : "refused"} by the specification`);
}

const service = resolved(root.definitions["service"] ?? {});

describe("a service's key", () => {
  test.each(Object.entries(service.properties ?? {}))("%s", (key, schema) => expect(disagreements(key, schema, (value) => ({ services: { web: { [key]: value } } }))).toEqual([]));
});

describe("a key at the top", () => {
  test.each(Object.entries(root.properties ?? {}).filter(([key]) => key !== "services"))("%s", (key, schema) => expect(disagreements(key, schema, (value) => ({ [key]: value }))).toEqual([]));
});

test.each<[string, Value]>([
  ["an unknown key at the top", { servces: {} }],
  ["an unknown key of a service", { services: { web: { prts: [] } } }],
  ["a service's name with a space", { services: { "a b": {} } }],
  ["an extension", { "x-own": 1, services: { web: { "x-own": 1 } } }],
])("%s", (_, project) => expect(isAllowedHere(project)).toBe(isAllowed(project)));
