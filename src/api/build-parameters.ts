import { EngineError, messageOf } from "../base/mod.ts";
import { parseJson } from "./json-syntax.ts";

/** A query parameter that holds JSON; undefined when it holds nothing. @throws EngineError InvalidParameter, beginning with `what` */
export function jsonParameter(text: string | undefined, what: string): unknown {
  if (text === undefined || text === "") return undefined;
  try {
    return parseJson(text);
  } catch (error) {
    throw new EngineError("InvalidParameter", `${what}: ${messageOf(error).replace(/^invalid JSON: /, "")}`);
  }
}

/** Null stands for no value: `{"HTTP_PROXY": null}`. */
export function stringMap(text: string | undefined, what: string): Record<string, string> {
  const value = jsonParameter(text, what) ?? {};
  if (typeof value !== "object" || Array.isArray(value)) throw new EngineError("InvalidParameter", `${what}: json: cannot unmarshal ${Array.isArray(value) ? "array" : typeof value} into Go value of type map[string]string`);
  return Object.fromEntries(Object.entries(value).flatMap(([key, entry]: [string, unknown]) => {
    if (entry === null) return [];
    if (typeof entry !== "string") throw new EngineError("InvalidParameter", `${what}: json: cannot unmarshal ${typeof entry} into Go value of type string`);
    return [[key, entry]];
  }));
}

export function stringList(text: string | undefined, what: string): string[] {
  const value = jsonParameter(text, what) ?? [];
  if (!Array.isArray(value) || !value.every((entry) => typeof entry === "string")) throw new EngineError("InvalidParameter", `${what}: json: cannot unmarshal ${typeof value} into Go value of type []string`);
  return value;
}

export function ulimitList(text: string | undefined, what: string): { name: string; soft: number; hard: number }[] {
  const value = jsonParameter(text, what) ?? [];
  if (!Array.isArray(value)) throw new EngineError("InvalidParameter", `${what}: json: cannot unmarshal ${typeof value} into Go value of type []*units.Ulimit`);
  return value.map((entry: unknown) => {
    const { Name: name, Soft: soft, Hard: hard } = Object(entry) as Record<string, unknown>;
    if (typeof name !== "string" || !Number.isSafeInteger(soft) || !Number.isSafeInteger(hard)) throw new EngineError("InvalidParameter", `${what}: a limit has Name, Soft and Hard`);
    return { name, soft: soft as number, hard: hard as number };
  });
}
