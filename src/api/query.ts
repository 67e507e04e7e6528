import { EngineError } from "../base/mod.ts";
import { parseFilters } from "./filters.ts";

/** One query parameter: how its text becomes a value, and what the reference says about it. */
export interface Parameter<T> {
  readonly type: "boolean" | "integer" | "string" | "filters" | "list";
  readonly about: string;
  /** The filter names known to the endpoint. */
  readonly names?: readonly string[];
  read(values: readonly string[] | undefined, name: string): T;
}

export type QueryShape = Readonly<Record<string, Parameter<unknown>>>;
export type QueryValues<Q extends QueryShape> = { [K in keyof Q]: Q[K] extends Parameter<infer T> ? T : never };

/** Docker's truth: anything but "", 0, no, false and none. */
export function flag(about: string, fallback = false): Parameter<boolean> {
  return {
    type: "boolean",
    about,
    read: (values) => (values === undefined ? fallback : !["", "0", "no", "false", "none"].includes((values[0] ?? "").trim().toLowerCase())),
  };
}

export function text(about: string): Parameter<string | undefined> {
  return { type: "string", about, read: (values) => values?.[0] };
}

/** A platform as JSON, `{"os": "linux", "architecture": "arm64"}`; read as `linux/arm64`. */
export function platform(about: string): Parameter<string | undefined> {
  return { type: "string", about, read: (values) => (values?.[0] ? platformText(values[0]) : undefined) };
}

/** The same, which may be repeated. */
export function platforms(about: string): Parameter<readonly string[]> {
  return { type: "list", about, read: (values) => (values ?? []).map(platformText) };
}

function platformText(json: string): string {
  const invalid = (): EngineError => new EngineError("InvalidParameter", `failed to parse platform: ${JSON.stringify(json.slice(0, 128))}`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    throw invalid();
  }
  if (typeof parsed !== "object" || parsed === null) throw invalid();
  const { os, architecture, variant } = parsed as Readonly<Record<string, unknown>>;
  if (typeof os !== "string" || os === "") throw invalid();
  return [os, architecture, variant].filter((part) => typeof part === "string" && part !== "").join("/");
}

/** Every value of a parameter that may be repeated. */
export function list(about: string): Parameter<readonly string[]> {
  return { type: "list", about, read: (values) => values ?? [] };
}

/** A decimal number; absent and empty mean undefined. */
export function integer(about: string): Parameter<number | undefined> {
  return {
    type: "integer",
    about,
    read: (values) => {
      const value = values?.[0];
      if (value === undefined || value === "") return undefined;
      if (!/^[+-]?[0-9]+$/.test(value)) throw new EngineError("InvalidParameter", `strconv.Atoi: parsing ${JSON.stringify(value)}: invalid syntax`);
      if (!Number.isSafeInteger(Number(value))) throw new EngineError("InvalidParameter", `strconv.Atoi: parsing ${JSON.stringify(value)}: value out of range`);
      return Number(value);
    },
  };
}

/** Filters as JSON, in today's form and in the one of clients before 1.22; only `names` are known, or any. */
export function filters(names: readonly string[] | undefined): Parameter<Record<string, string[]>> {
  return { type: "filters", about: `Filters as JSON: {"name": ["value", …]}.`, ...(names && { names }), read: (values) => parseFilters(values?.[0], names) };
}

/** Reads the whole query string once: unknown parameters are ignored, malformed ones refused. */
export function readQuery<Q extends QueryShape>(shape: Q, search: string): QueryValues<Q> {
  const given = splitQuery(search);
  return Object.fromEntries(Object.entries(shape).map(([name, parameter]) => [name, parameter.read(given.get(name), name)])) as QueryValues<Q>;
}

function splitQuery(search: string): Map<string, string[]> {
  const given = new Map<string, string[]>();
  for (const part of search.split("&")) {
    if (part === "") continue;
    if (part.includes(";")) throw new EngineError("InvalidParameter", "invalid semicolon separator in query");
    const equals = part.indexOf("=");
    const name = unescapeQuery(equals < 0 ? part : part.slice(0, equals));
    const value = equals < 0 ? "" : unescapeQuery(part.slice(equals + 1));
    const values = given.get(name);
    if (values) values.push(value);
    else given.set(name, [value]);
  }
  return given;
}

function unescapeQuery(part: string): string {
  return unescapePercent(part.replaceAll("+", " "));
}

/** Undoes %XX as UTF-8. @throws EngineError InvalidParameter, in the words of Docker's URL parser */
export function unescapePercent(part: string): string {
  if (!part.includes("%")) return part;
  const wrong = /%(?![0-9a-fA-F]{2}).{0,2}/.exec(part);
  if (wrong) throw new EngineError("InvalidParameter", `invalid URL escape ${JSON.stringify(wrong[0])}`);
  try {
    return decodeURIComponent(part);
  } catch {
    // Not UTF-8: the bytes that are wrong become U+FFFD.
    return Buffer.from(part.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))), "latin1").toString("utf8");
  }
}
