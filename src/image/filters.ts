import { EngineError } from "../base/mod.ts";
import { findImage } from "./resolve.ts";
import type { ImageRow, ImageStore } from "./store.ts";
import { familiarParts } from "./views.ts";

export type Filters = Readonly<Record<string, readonly string[]>>;

/** @throws EngineError InvalidParameter, in Docker's words, for a filter that is not known */
export function checkFilters(filters: Filters, accepted: readonly string[]): void {
  for (const name of Object.keys(filters)) if (!accepted.includes(name)) throw new EngineError("InvalidParameter", `invalid filter '${name}'`);
}

/** Undefined when the filter is not given. */
export function booleanFilter(filters: Filters, name: string): boolean | undefined {
  const values = filters[name];
  if (!values || values.length === 0) return undefined;
  const [value = ""] = values;
  if (values.length === 1 && ["1", "true"].includes(value.toLowerCase())) return true;
  if (values.length === 1 && ["0", "false"].includes(value.toLowerCase())) return false;
  throw new EngineError("InvalidParameter", `invalid filter '${name}=[${values.join(" ")}]'`);
}

/** `key` or `key=value`; all must hold. */
export function hasLabels(labels: Readonly<Record<string, string>> | null | undefined, wanted: readonly string[]): boolean {
  return wanted.every((text) => {
    const equals = text.indexOf("=");
    const key = equals < 0 ? text : text.slice(0, equals);
    return labels !== null && labels !== undefined && Object.hasOwn(labels, key) && (equals < 0 || labels[key] === text.slice(equals + 1));
  });
}

/** Milliseconds of an instant: RFC 3339, seconds since the epoch, or a Go duration back from now. @throws EngineError InvalidParameter */
export function parseInstant(text: string, nowMs: number): number {
  if (/^[0-9]+(?:\.[0-9]+)?$/.test(text)) return Number(text) * 1000;
  const back = parseGoDuration(text);
  if (back !== undefined) return nowMs - back;
  const ms = Date.parse(/^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T|$)/.test(text) ? text : "");
  if (Number.isNaN(ms)) throw new EngineError("InvalidParameter", `failed to parse value as time or duration: "${text.slice(0, 100)}"`);
  return ms;
}

const UNIT_MS: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, "µs": 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds of `1h30m`; undefined when it is no duration. */
export function parseGoDuration(text: string): number | undefined {
  if (!/^(?:[0-9]+(?:\.[0-9]+)?(?:ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, number = "0", unit = "s"] of text.matchAll(/([0-9.]+)(ns|us|µs|ms|s|m|h)/g)) total += Number(number) * (UNIT_MS[unit] ?? 0);
  return total;
}

/** With a `reference` filter an image is listed under the names that match it only. */
export function showsName(filters: Filters): (name: string) => boolean {
  const patterns = filters["reference"] ?? [];
  return (name) => patterns.length === 0 || matchesReference([name], patterns);
}

/** Whether one of the patterns names the image: `debian`, `debian:12`, `*\/web:*` (Go's path.Match per name). */
export function matchesReference(names: readonly string[], patterns: readonly string[]): boolean {
  return names.some((name) => {
    const { repository, tag } = familiarParts(name);
    const familiar = tag === undefined ? repository : `${repository}:${tag}`;
    return patterns.some((pattern) => [repository, familiar, name].some((candidate) => globMatch(pattern, candidate)));
  });
}

/** `*` and `?` stop at a slash, `[a-z]` as in a shell. */
function globMatch(pattern: string, text: string): boolean {
  if (pattern.length > 512) return false;
  const source = pattern.replace(/\[[^\]/]+\]|\*+|\?|[.+^${}()|[\]\\]/g, (token) => {
    if (token.startsWith("*")) return "[^/]*";
    if (token === "?") return "[^/]";
    return token.length > 2 ? token.replaceAll("\\", "\\\\") : `\\${token}`;
  });
  try {
    return new RegExp(`^${source}$`).test(text);
  } catch {
    return false;
  }
}

/** The rows that `GET /images/json` shows with these filters. */
export function selectRows(store: ImageStore, filters: Filters, all: boolean, nowMs: number): ImageRow[] {
  checkFilters(filters, ["dangling", "label", "before", "since", "until", "reference"]);
  const dangling = booleanFilter(filters, "dangling");
  const before = filters["before"]?.map((ref) => findImage(store, ref).created_ms) ?? [];
  const since = filters["since"]?.map((ref) => findImage(store, ref).created_ms) ?? [];
  const until = filters["until"]?.map((text) => parseInstant(text, nowMs)) ?? [];
  return store.rows().filter((row) => {
    const names = store.names(row.id);
    if (names.length === 0 && store.indexes.isVariant(row.id)) return false;
    const isDangling = names.length === 0 && !store.hasChildren(row.id);
    if (dangling !== undefined && dangling !== isDangling) return false;
    if (!all && names.length === 0 && store.hasChildren(row.id)) return false;
    if (!before.every((ms) => row.created_ms < ms) || !since.every((ms) => row.created_ms > ms) || !until.every((ms) => row.created_ms < ms)) return false;
    if (filters["reference"]?.length && !matchesReference(names, filters["reference"])) return false;
    return !filters["label"]?.length || hasLabels(store.parsed(row).config.config?.Labels, filters["label"]);
  });
}
