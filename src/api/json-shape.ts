import { EngineError } from "../base/mod.ts";

/**
 * The shape a JSON body must have. Decoding follows Go's encoding/json, as Docker's clients expect of it: names match
 * in any case, unknown ones are ignored, null leaves a field unset, and every other type is refused, never converted.
 */
export interface Shape<T> {
  /** The type's name in messages. */
  readonly type: string;
  /** Go's zero value, which a null among the items of a list or map stands for. */
  readonly zero: T;
  /** `undefined` for null. */
  decode(value: unknown, at: Place): T | undefined;
}

/** Where in the body a value stands, for messages. */
export interface Place {
  readonly root: string;
  readonly path: string;
}

const inside = (at: Place, step: string | number): Place => ({ root: at.root, path: `${at.path}.${step}` });

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  return typeof value === "boolean" ? "bool" : typeof value;
}

function mismatch(value: unknown, at: Place, type: string, shown = ""): EngineError {
  const target = at.path === "" ? `Go value of type ${type}` : `Go struct field ${at.root}${at.path} of type ${type}`;
  return new EngineError("InvalidParameter", `invalid JSON: json: cannot unmarshal ${kindOf(value)}${shown} into ${target}`);
}

function scalar<T>(type: string, zero: T, accepts: (value: unknown) => value is T): Shape<T> {
  return {
    type,
    zero,
    decode: (value, at) => {
      if (value === null || value === undefined) return undefined;
      if (!accepts(value)) throw mismatch(value, at, type);
      return value;
    },
  };
}

export const string: Shape<string> = scalar("string", "", (value) => typeof value === "string");
export const bool: Shape<boolean> = scalar("bool", false, (value) => typeof value === "boolean");
/** A string type that has its own name in messages. */
export const named = (type: string): Shape<string> => scalar(type, "", (value) => typeof value === "string");

function whole(type: string, min: number, max: number): Shape<number> {
  return {
    type,
    zero: 0,
    decode: (value, at) => {
      if (value === null || value === undefined) return undefined;
      if (typeof value !== "number") throw mismatch(value, at, type);
      if (!Number.isInteger(value) || value < min || value > max) throw mismatch(value, at, type, ` ${value}`);
      return value;
    },
  };
}

export const int64 = whole("int64", -(2 ** 63), 2 ** 63);
export const int = whole("int", -(2 ** 63), 2 ** 63);
export const duration = whole("time.Duration", -(2 ** 63), 2 ** 63);
export const uint = whole("uint", 0, 2 ** 64);
export const uint64 = whole("uint64", 0, 2 ** 64);
export const uint16 = whole("uint16", 0, 65535);
export const fileMode = whole("os.FileMode", 0, 2 ** 32 - 1);

/** Anything: for what Docker keeps without looking. */
export const opaque: Shape<Record<string, unknown>> = {
  type: "struct {}",
  zero: {},
  decode: (value, at) => {
    if (value === null || value === undefined) return undefined;
    if (typeof value !== "object" || Array.isArray(value)) throw mismatch(value, at, "struct {}");
    return {};
  },
};

export function listOf<T>(item: Shape<T>): Shape<T[]> {
  const type = `[]${item.type}`;
  return {
    type,
    zero: [],
    decode: (value, at) => {
      if (value === null || value === undefined) return undefined;
      if (!Array.isArray(value)) throw mismatch(value, at, type);
      return value.map((each, index) => item.decode(each, inside(at, index)) ?? item.zero);
    },
  };
}

export function mapOf<T>(item: Shape<T>): Shape<Record<string, T>> {
  const type = `map[string]${item.type}`;
  return {
    type,
    zero: {},
    decode: (value, at) => {
      if (value === null || value === undefined) return undefined;
      if (typeof value !== "object" || Array.isArray(value)) throw mismatch(value, at, type);
      // fromEntries defines its keys, so that `__proto__` is a key like any other.
      return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, item.decode(each, inside(at, key)) ?? item.zero]));
    },
  };
}

/** A list of strings that may be written as one string (Cmd, Entrypoint). */
export const words: Shape<string[]> = {
  type: "strslice.StrSlice",
  zero: [],
  decode: (value, at) => {
    if (value === null || value === undefined) return undefined;
    if (typeof value === "string") return [value];
    if (!Array.isArray(value) || !value.every((word) => typeof word === "string")) throw mismatch(value, { ...at, path: "" }, "string");
    return value;
  },
};

type Fields<T> = { readonly [K in keyof T]-?: Shape<NonNullable<T[K]>> };

/** An object with known fields. `T`'s every field has its shape, or it does not compile. */
export function struct<T extends object>(type: string, fields: Fields<T>): Shape<T> {
  const known = new Map<string, [string, Shape<unknown>]>();
  for (const [name, shape] of Object.entries<Shape<unknown>>(fields)) known.set(name.toLowerCase(), [name, shape]);
  return {
    type,
    zero: {} as T,
    decode: (value, at) => {
      if (value === null || value === undefined) return undefined;
      if (typeof value !== "object" || Array.isArray(value)) throw mismatch(value, at, type);
      const decoded: Record<string, unknown> = {};
      for (const [key, each] of Object.entries(value)) {
        const field = known.get(key.toLowerCase());
        if (!field) continue;
        const [name, shape] = field;
        const result = shape.decode(each, inside(at, name));
        if (result !== undefined) decoded[name] = result;
      }
      return decoded as T;
    },
  };
}
