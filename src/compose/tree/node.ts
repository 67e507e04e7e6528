/**
 * What a compose file holds, as a tree whose every part knows where it was written. Trees are never changed:
 * each step of loading makes a new one and keeps the places of what it takes over.
 */

import { formatFloat } from "../output/numbers.ts";

/** A file's text, kept so that a place can be turned into line and column when a message needs it. */
export interface Source {
  /** Path as messages show it; `-` for standard input. */
  readonly file: string;
  readonly text: string;
}

/** Where something stands: an offset into a source, in UTF-16 units. */
export interface Place {
  readonly source: Source;
  readonly offset: number;
}

export type ScalarValue = string | number | boolean | null;

/** What the merge of a later file does with what earlier files say here. */
export type OverrideTag = "reset" | "override";

interface Placed {
  /** Of an entry of a mapping: its key's place. Nothing for what loading itself added. */
  readonly at?: Place | undefined;
  readonly tag?: OverrideTag | undefined;
}

export interface ScalarNode extends Placed {
  readonly kind: "scalar";
  readonly value: ScalarValue;
  /** A number that was written as a fraction, or a date: what YAML tells apart and JavaScript does not. */
  readonly form?: "float" | "date" | undefined;
}

export interface SequenceNode extends Placed {
  readonly kind: "sequence";
  readonly items: readonly Node[];
}

export interface MappingNode extends Placed {
  readonly kind: "mapping";
  readonly entries: ReadonlyMap<string, Node>;
}

export type Node = ScalarNode | SequenceNode | MappingNode;

export const scalar = (value: ScalarValue, at?: Place): ScalarNode => ({ kind: "scalar", value, at });
export const sequence = (items: readonly Node[], at?: Place): SequenceNode => ({ kind: "sequence", items, at });
export const mapping = (entries: ReadonlyMap<string, Node> | Iterable<readonly [string, Node]>, at?: Place): MappingNode => ({
  kind: "mapping",
  entries: entries instanceof Map ? entries : new Map(entries),
  at,
});

export const EMPTY_MAPPING: MappingNode = mapping([]);

export const isNull = (node: Node | undefined): boolean => node?.kind === "scalar" && node.value === null;
export const isMapping = (node: Node | undefined): node is MappingNode => node?.kind === "mapping";
export const isSequence = (node: Node | undefined): node is SequenceNode => node?.kind === "sequence";

/** The text of a scalar that is a string. */
export const stringOf = (node: Node | undefined): string | undefined => (node?.kind === "scalar" && typeof node.value === "string" ? node.value : undefined);

/** An entry of what may be a mapping. */
export const entryOf = (node: Node | undefined, key: string): Node | undefined => (node?.kind === "mapping" ? node.entries.get(key) : undefined);

/** The mapping with some entries replaced, added, or, where `undefined`, left out. */
export function withEntries(node: MappingNode, changes: Readonly<Record<string, Node | undefined>>): MappingNode {
  const entries = new Map(node.entries);
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) entries.delete(key);
    else entries.set(key, value);
  }
  return { ...node, entries };
}

/** The mapping with each entry's value changed. */
export function mapEntries(node: MappingNode, change: (value: Node, key: string) => Node): MappingNode {
  const entries = new Map<string, Node>();
  for (const [key, value] of node.entries) entries.set(key, change(value, key));
  return { ...node, entries };
}

/** A scalar as Go prints it, which is what a list's or a mapping's value becomes where text is asked for. */
export function textOf(node: Node): string {
  if (node.kind === "scalar") return node.value === null ? "<nil>" : node.form === "float" ? formatFloat(Number(node.value)) : String(node.value);
  if (node.kind === "sequence") return `[${node.items.map(textOf).join(" ")}]`;
  return `map[${[...node.entries].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => `${key}:${textOf(value)}`).join(" ")}]`;
}

export function sameNode(a: Node, b: Node): boolean {
  if (a.kind === "scalar") return b.kind === "scalar" && a.value === b.value;
  if (a.kind === "sequence") return b.kind === "sequence" && a.items.length === b.items.length && a.items.every((item, index) => sameNode(item, b.items[index] ?? item));
  if (b.kind !== "mapping" || a.entries.size !== b.entries.size) return false;
  for (const [key, value] of a.entries) {
    const other = b.entries.get(key);
    if (!other || !sameNode(value, other)) return false;
  }
  return true;
}
