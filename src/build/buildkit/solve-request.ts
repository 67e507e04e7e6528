import { readEntry, readFields, textOf } from "../../grpc/mod.ts";
import type { CacheEntry } from "../../spec/mod.ts";
import { resultIn } from "./result-definition.ts";

/** A frontend and what it is given; of moby.buildkit.v1.SolveRequest and of the gateway's. */
export interface FrontendCall {
  readonly frontend: string;
  readonly attrs: Readonly<Record<string, string>>;
  /** Whether a graph was sent in place of a frontend. */
  readonly hasDefinition: boolean;
  /** Results of other builds, by the names that contexts call them by (`input:NAME`). */
  readonly inputs: ReadonlyMap<string, string>;
}

export interface SolveRequest extends FrontendCall {
  readonly ref: string;
  readonly session: string;
  readonly exporters: readonly CacheEntry[];
  readonly cacheTo: readonly CacheEntry[];
  readonly cacheFrom: readonly CacheEntry[];
  readonly entitlements: readonly string[];
}

/** @throws EngineError InvalidParameter */
export function readSolveRequest(message: Uint8Array): SolveRequest {
  const texts = { ref: "", session: "", frontend: "", exporter: "" };
  const attrs: [string, string][] = [];
  const olderAttrs: [string, string][] = [];
  const exporters: CacheEntry[] = [];
  const entitlements: string[] = [];
  let caches: ReturnType<typeof readCaches> = { cacheTo: [], cacheFrom: [] };
  const inputs = new Map<string, string>();
  let hasDefinition = false;
  for (const { number, bytes } of readFields(message)) {
    if (number === 1) texts.ref = textOf(bytes);
    else if (number === 2) hasDefinition = hasOps(bytes);
    else if (number === 3) texts.exporter = textOf(bytes);
    else if (number === 4) olderAttrs.push(pair(bytes));
    else if (number === 5) texts.session = textOf(bytes);
    else if (number === 6) texts.frontend = textOf(bytes);
    else if (number === 7) attrs.push(pair(bytes));
    else if (number === 8) caches = readCaches(bytes);
    else if (number === 9) entitlements.push(textOf(bytes));
    else if (number === 10) addInput(inputs, bytes);
    else if (number === 13) exporters.push(readTyped(bytes));
  }
  if (exporters.length === 0 && texts.exporter !== "") exporters.push({ type: texts.exporter, attrs: Object.fromEntries(olderAttrs) });
  return { ref: texts.ref, session: texts.session, frontend: texts.frontend, attrs: Object.fromEntries(attrs), hasDefinition, inputs, exporters, ...caches, entitlements };
}

/** @throws EngineError InvalidParameter */
export function readGatewaySolve(message: Uint8Array): FrontendCall {
  let frontend = "";
  let hasDefinition = false;
  const attrs: [string, string][] = [];
  const inputs = new Map<string, string>();
  for (const { number, bytes } of readFields(message)) {
    if (number === 1) hasDefinition = hasOps(bytes);
    else if (number === 2) frontend = textOf(bytes);
    else if (number === 3) attrs.push(pair(bytes));
    else if (number === 13) addInput(inputs, bytes);
  }
  return { frontend, attrs: Object.fromEntries(attrs), hasDefinition, inputs };
}

/** How the client's part of a build ended: what is built, by its id, or why nothing. */
export function readReturn(message: Uint8Array): { readonly refs: readonly string[]; readonly error: string | undefined } {
  const refs: string[] = [];
  let error: string | undefined;
  for (const { number, bytes } of readFields(message)) {
    if (number === 1) refs.push(...resultRefs(bytes));
    else if (number === 2) {
      error = "";
      for (const field of readFields(bytes)) if (field.number === 2) error = textOf(field.bytes);
    }
  }
  return { refs, error };
}

function resultRefs(result: Uint8Array): string[] {
  const refs: string[] = [];
  for (const { number, bytes } of readFields(result)) {
    if (number === 1) refs.push(textOf(bytes));
    else if (number === 3) refs.push(refId(bytes));
    else if (number === 2) for (const field of readFields(bytes)) refs.push(textOf(readEntry(field.bytes).value));
    else if (number === 4) for (const field of readFields(bytes)) refs.push(refId(readEntry(field.bytes).value));
  }
  return refs.filter((ref) => ref !== "");
}

function refId(bytes: Uint8Array): string {
  for (const field of readFields(bytes)) if (field.number === 1) return textOf(field.bytes);
  return "";
}

function addInput(inputs: Map<string, string>, entry: Uint8Array): void {
  const { key, value } = readEntry(entry);
  const result = resultIn(value);
  if (result !== undefined) inputs.set(key, result);
}

function hasOps(definition: Uint8Array): boolean {
  for (const { number } of readFields(definition)) if (number === 1) return true;
  return false;
}

function readCaches(message: Uint8Array): { readonly cacheTo: CacheEntry[]; readonly cacheFrom: CacheEntry[] } {
  const cacheTo: CacheEntry[] = [];
  const cacheFrom: CacheEntry[] = [];
  for (const { number, bytes } of readFields(message)) {
    if (number === 4) cacheTo.push(readTyped(bytes));
    else if (number === 5) cacheFrom.push(readTyped(bytes));
  }
  return { cacheTo, cacheFrom };
}

function readTyped(message: Uint8Array): CacheEntry {
  let type = "";
  const attrs: [string, string][] = [];
  for (const { number, bytes } of readFields(message)) {
    if (number === 1) type = textOf(bytes);
    else if (number === 2) attrs.push(pair(bytes));
  }
  return { type, attrs: Object.fromEntries(attrs) };
}

function pair(bytes: Uint8Array): [string, string] {
  const { key, value } = readEntry(bytes);
  return [key, textOf(value)];
}
