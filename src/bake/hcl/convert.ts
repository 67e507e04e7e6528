import type { Expression } from "./ast.ts";
import { DefinitionError } from "./scanner.ts";
import { booleanOf, isList, isMap, listOf, mapOf, numberOf, textOf, type Value } from "./value.ts";

/** A type as a definition writes it (hcl/ext/typeexpr): `string`, `list(number)`, `object({ a = bool })`. */
type Convert = (value: Value) => Value;

const SIMPLE: Readonly<Record<string, (value: Value, at: Expression["at"]) => Value>> = { string: textOf, number: numberOf, bool: booleanOf, any: (value) => value };

/** @throws DefinitionError for what is no type, and for a value that has not that type and cannot get it */
export function converted(value: Value, type: Expression): Value {
  return converter(type)(value);
}

function converter(type: Expression): Convert {
  const { at } = type;
  const simple = type.kind === "variable" && Object.hasOwn(SIMPLE, type.name) ? SIMPLE[type.name] : undefined;
  if (simple) return (value) => (value === null ? null : simple(value, at));
  if (type.kind !== "call" || type.args.length !== 1) throw new DefinitionError(at, "a type is wanted: string, number, bool, any, list(…), set(…), map(…), object({…}), tuple([…])");
  const [inner] = type.args as readonly [Expression];
  switch (type.name) {
    case "list":
    case "set": {
      const each = converter(inner);
      return (value) => (value === null ? null : listOf(value, at).map(each));
    }
    case "map": {
      const each = converter(inner);
      return (value) => (value === null ? null : mapValues(value, at, each));
    }
    case "tuple": {
      if (inner.kind !== "tuple") throw new DefinitionError(inner.at, "tuple: a list of types is wanted");
      const each = inner.items.map(converter);
      return (value) => {
        if (!isList(value) || value.length !== each.length) throw new DefinitionError(at, `tuple: ${each.length} values are wanted`);
        return value.map((item, index) => each[index]?.(item) ?? null);
      };
    }
    case "object": {
      if (inner.kind !== "object") throw new DefinitionError(inner.at, "object: types by name are wanted");
      const each = inner.items.map(({ key, value }) => [nameOf(key), converter(value)] as const);
      return (value) => {
        if (!isMap(value)) throw new DefinitionError(at, "object: an object is wanted");
        return Object.fromEntries(each.map(([name, convert]) => {
          if (!Object.hasOwn(value, name)) throw new DefinitionError(at, `attribute ${JSON.stringify(name)} is required`);
          return [name, convert(value[name] ?? null)];
        }));
      };
    }
    default:
      throw new DefinitionError(at, `there is no type ${type.name}`);
  }
}

const mapValues = (value: Value, at: Expression["at"], each: Convert): Value => Object.fromEntries(Object.entries(mapOf(value, at)).map(([key, item]) => [key, each(item)]));

function nameOf(key: Expression): string {
  if (key.kind === "variable") return key.name;
  if (key.kind === "literal" && typeof key.value === "string") return key.value;
  throw new DefinitionError(key.at, "a name is wanted");
}
