import { ComposeError } from "../errors.ts";
import { isMapping, isNull, isSequence, type Node } from "../tree/node.ts";
import { join } from "../tree/rules.ts";
import type { Out, Plain } from "../output/out.ts";
import { compareKeys } from "../output/key-order.ts";
import { outOf } from "../output/out.ts";
import { treeOut } from "../output/tree.ts";

export type Format = "yaml" | "json";

/** How one kind of value is read from a tree in canonical form, and written. */
export interface Field<T> {
  /** @returns nothing for what counts as not said */
  decode(node: Node, path: string): T | undefined;
  write(value: T, format: Format): Out;
  /** What JSON shows where nothing was said. */
  readonly absentJson?: Out;
}

export type TypeOf<F> = F extends Field<infer T> ? T : never;

/** What a mapping holds under keys that start with `x-`. */
export interface Extended {
  readonly extensions?: Readonly<Record<string, Plain>>;
}

export type StructOf<Fields> = { readonly [Key in keyof Fields]?: TypeOf<Fields[Key]> } & Extended;
export type FieldTable = Readonly<Record<string, Field<never> | Field<unknown>>>;

/** The scalar behind a field; anything else is another field's. @throws ComposeError */
export function scalarText(node: Node, path: string): string {
  if (node.kind !== "scalar") throw new ComposeError(`${path}: unexpected type ${node.kind}`, { at: node.at, path });
  return node.value === null ? "" : String(node.value);
}

/** `services[web].ports[0]`, as decoding has it, in the form that all other messages have. */
const dotted = (path: string): string => path.replace(/\[([^\]]*)\]/g, (_, key: string) => (/^\d+$/.test(key) ? `[${key}]` : `.${key}`));

/** Runs a parser whose messages are Go's, and says where. */
export function parsed<T>(node: Node, path: string, parse: (text: string) => T): T {
  try {
    return parse(scalarText(node, path));
  } catch (error) {
    if (error instanceof ComposeError) throw error;
    throw new ComposeError(`decoding failed due to the following error(s):\n\n'${path}' ${error instanceof Error ? error.message : String(error)}`, { at: node.at, path: dotted(path) });
  }
}

export function plainOf(node: Node): Plain {
  if (node.kind === "scalar") return node.form === "date" ? new Date(String(node.value)) : node.value;
  if (node.kind === "sequence") return node.items.map(plainOf);
  return Object.fromEntries([...node.entries].map(([key, value]) => [key, plainOf(value)]));
}

/** A list; an empty one counts as not said. */
export const list = <T>(item: Field<T>): Field<readonly T[]> => ({
  decode: (node, path) => {
    const items = isSequence(node) ? node.items : isNull(node) ? [] : [node];
    const decoded = items.map((part, index) => item.decode(part, `${path}[${index}]`)).filter((part) => part !== undefined);
    return decoded.length === 0 ? undefined : decoded;
  },
  write: (items, format) => items.map((value) => item.write(value, format)),
});

/** A mapping from names; an empty one counts as not said. */
export const record = <T>(item: Field<T>): Field<Readonly<Record<string, T>>> => ({
  decode: (node, path) => {
    if (!isMapping(node) || node.entries.size === 0) return undefined;
    const entries: [string, T][] = [];
    for (const [key, value] of node.entries) {
      const decoded = item.decode(value, `${path}[${key}]`);
      if (decoded !== undefined) entries.push([key, decoded]);
    }
    return Object.fromEntries(entries);
  },
  write: (values, format) => ({ sorted: true, entries: Object.entries(values).map(([key, value]) => [key, item.write(value, format)]) }),
});

/** The same where a name may stand alone. */
export const nullable = <T>(field: Field<T>): Field<T | null> => ({
  decode: (node, path) => (isNull(node) ? null : (field.decode(node, path) ?? null)),
  write: (value, format) => (value === null ? null : field.write(value, format)),
});

export interface StructOptions {
  /** Nothing said at all counts as not said; otherwise an empty mapping is something. */
  readonly omitEmpty?: true;
  /** Names that JSON spells differently. */
  readonly jsonNames?: Readonly<Record<string, string>>;
}

/** A mapping with known keys, written in the order of the table, and `x-` keys behind them. */
export function struct<const Fields extends FieldTable>(fields: Fields, { omitEmpty, jsonNames = {} }: StructOptions = {}): Field<StructOf<Fields>> {
  const table = Object.entries(fields as Readonly<Record<string, Field<unknown>>>);
  const write = (value: StructOf<Fields>, format: Format): Out => {
    const entries: (readonly [string, Out])[] = [];
    for (const [key, field] of table) {
      const part: unknown = (value as Readonly<Record<string, unknown>>)[key];
      const name = format === "json" ? (jsonNames[key] ?? key) : key;
      if (part !== undefined) entries.push([name, field.write(part, format)]);
      else if (format === "json" && field.absentJson !== undefined) entries.push([name, field.absentJson]);
    }
    if (format === "yaml") entries.push(...extensionEntries(value));
    return { sorted: false, entries };
  };
  const decode = (node: Node, path: string): StructOf<Fields> | undefined => {
    const found: Record<string, unknown> = {};
    for (const [key, field] of table) {
      const part = isMapping(node) ? node.entries.get(key) : undefined;
      const decoded = part && field.decode(part, join(path, key));
      if (decoded !== undefined) found[key] = decoded;
    }
    const extensions = extensionsOf(node);
    if (extensions) found["extensions"] = extensions;
    return omitEmpty && Object.keys(found).length === 0 ? undefined : (found as StructOf<Fields>);
  };
  return omitEmpty ? { decode, write, absentJson: write({} as StructOf<Fields>, "json") } : { decode, write };
}

export function extensionsOf(node: Node): Readonly<Record<string, Plain>> | undefined {
  if (!isMapping(node)) return undefined;
  const found = [...node.entries].filter(([key]) => key.startsWith("x-"));
  if (found.length === 0) return undefined;
  const extensions = Object.fromEntries(found.map(([key, value]) => [key, plainOf(value)]));
  asWritten.set(extensions, found.map(([key, value]) => [key, treeOut(value)]));
  return extensions;
}

/** Extensions as they are to be written: plain values do not tell `1` from `1.0`. */
const asWritten = new WeakMap<object, readonly (readonly [string, Out])[]>();

export function extensionEntries({ extensions = {} }: Extended): readonly (readonly [string, Out])[] {
  const entries = asWritten.get(extensions) ?? Object.entries(extensions).map(([key, value]): [string, Out] => [key, outOf(value)]);
  return entries.toSorted(([a], [b]) => compareKeys(a, b));
}

