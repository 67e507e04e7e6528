import { createHash } from "node:crypto";
import type { At } from "./ast.ts";
import { DefinitionError } from "./scanner.ts";

/** What an expression comes to. */
export type Value = string | number | boolean | null | readonly Value[] | ValueMap;
export interface ValueMap {
  readonly [key: string]: Value;
}

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

export function isMap(value: Value): value is ValueMap {
  return typeof value === "object" && value !== null && !isList(value);
}

export function kindOf(value: Value): string {
  if (value === null) return "null";
  if (isList(value)) return "tuple";
  return isMap(value) ? "object" : typeof value;
}

/** Numbers and booleans have one text each; lists and objects none. */
export function textOf(value: Value, at?: At): string {
  if (typeof value === "string") return value;
  if (typeof value === "number") return numberText(value);
  if (typeof value === "boolean") return String(value);
  throw new DefinitionError(at, value === null ? "the value is null: a text is wanted" : `a text is wanted, this is ${article(kindOf(value))}`);
}

function numberText(value: number): string {
  return Number.isInteger(value) ? BigInt(value).toString() : String(value);
}

export function numberOf(value: Value, at?: At): number {
  if (typeof value === "number") return value;
  if (typeof value === "string" && value.trim() !== "" && Number.isFinite(Number(value))) return Number(value);
  throw new DefinitionError(at, `a number is wanted, this is ${article(kindOf(value))}`);
}

export function booleanOf(value: Value, at?: At): boolean {
  if (typeof value === "boolean") return value;
  if (value === "true" || value === "1") return true;
  if (value === "false" || value === "0") return false;
  throw new DefinitionError(at, `a bool is wanted, this is ${article(kindOf(value))}`);
}

export function listOf(value: Value, at?: At): readonly Value[] {
  if (isList(value)) return value;
  throw new DefinitionError(at, `a list is wanted, this is ${article(kindOf(value))}`);
}

export function mapOf(value: Value, at?: At): ValueMap {
  if (isMap(value)) return value;
  throw new DefinitionError(at, `an object is wanted, this is ${article(kindOf(value))}`);
}

export function equal(a: Value, b: Value): boolean {
  if (isList(a)) return isList(b) && a.length === b.length && a.every((item, index) => equal(item, b[index] ?? null));
  if (isMap(a)) return isMap(b) && Object.keys(a).length === Object.keys(b).length && Object.entries(a).every(([key, item]) => Object.hasOwn(b, key) && equal(item, b[key] ?? null));
  return a === b;
}

/** Names in order, and nothing that a page of HTML would take for a tag, as Go writes it. */
export function asJson(value: Value): string {
  const sorted = JSON.stringify(value, (_, inner: unknown) => (typeof inner === "object" && inner !== null && !Array.isArray(inner) ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1))) : inner));
  return sorted.replace(/[<>&\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

export function digestText(algorithm: "md5" | "sha1" | "sha256" | "sha512", text: string): string {
  return createHash(algorithm).update(text).digest("hex");
}

function article(kind: string): string {
  return `${/^[aeiou]/.test(kind) ? "an" : "a"} ${kind}`;
}
