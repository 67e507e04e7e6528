import { EngineError } from "../base/mod.ts";

/** Parses the `filters` parameter; both {"a": ["b"]} and {"a": {"b": true}} are in use. */
export function parseFilters(json: string | undefined, names: readonly string[] | undefined): Record<string, string[]> {
  if (json === undefined || json === "") return {};
  const filters: Record<string, string[]> = {};
  for (const [name, values] of Object.entries(parseObject(json))) {
    if (names && !names.includes(name)) throw new EngineError("InvalidParameter", `invalid filter '${name}'`);
    filters[name] = filterValues(values);
  }
  return filters;
}

const invalid = (): EngineError => new EngineError("InvalidParameter", "invalid filter");

function parseObject(json: string): object {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    throw invalid();
  }
  if (parsed === null) return {};
  if (typeof parsed !== "object" || Array.isArray(parsed)) throw invalid();
  return parsed;
}

function filterValues(values: unknown): string[] {
  if (values === null) return [];
  if (Array.isArray(values)) {
    if (!values.every((value) => typeof value === "string")) throw invalid();
    return values;
  }
  if (typeof values !== "object") throw invalid();
  // A name with `false` is listed all the same: Docker looks at the keys alone.
  if (!Object.values(values).every((value) => typeof value === "boolean")) throw invalid();
  return Object.keys(values);
}
