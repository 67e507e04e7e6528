import { EngineError } from "../base/mod.ts";
import type { Filters } from "./options.ts";

/** @throws EngineError InvalidParameter `invalid filter 'x'` */
export function onlyKnown(filters: Filters, known: readonly string[]): void {
  for (const key of Object.keys(filters)) if (!known.includes(key)) throw new EngineError("InvalidParameter", `invalid filter '${key.slice(0, 64)}'`);
}

/** `label=key` and `label=key=value`, all of them; `label!` forbids. */
export function labelsMatch(labels: Readonly<Record<string, string>>, filters: Filters): boolean {
  return (filters["label"] ?? []).every((text) => hasLabel(labels, text)) && !(filters["label!"] ?? []).some((text) => hasLabel(labels, text));
}

function hasLabel(labels: Readonly<Record<string, string>>, text: string): boolean {
  const at = text.indexOf("=");
  const key = at < 0 ? text : text.slice(0, at);
  return Object.hasOwn(labels, key) && (at < 0 || labels[key] === text.slice(at + 1));
}

/** One of the values is the candidate, or there are no values. */
export function exactly(values: readonly string[] | undefined, candidate: string): boolean {
  return !values?.length || values.includes(candidate);
}

/** One of the values, read as a regular expression where it is one, occurs in a candidate. */
export function anyPatternMatches(values: readonly string[] | undefined, candidates: readonly string[]): boolean {
  if (!values?.length) return true;
  return values.some((value) => candidates.some((candidate) => candidate === value || patternOf(value)?.test(candidate) === true));
}

function patternOf(text: string): RegExp | undefined {
  if (text.length > 256) return undefined;
  try {
    return new RegExp(text);
  } catch {
    return undefined;
  }
}

/** The one truth value of a filter such as is-task. @throws EngineError InvalidParameter */
export function booleanFilter(filters: Filters, key: string): boolean | undefined {
  const values = filters[key];
  if (!values?.length) return undefined;
  const truths = new Set(values.map((value) => (/^(1|true)$/i.test(value) ? true : /^(0|false)$/i.test(value) ? false : undefined)));
  const [first] = truths;
  if (truths.size !== 1 || first === undefined) throw new EngineError("InvalidParameter", `invalid filter '${key}=[${values.join(" ").slice(0, 128)}]'`);
  return first;
}
