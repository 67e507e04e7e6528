import { isMapping, isNull, isSequence, mapping, scalar, textOf, type MappingNode, type Node } from "../tree/node.ts";

/** `{A: 1, B: null}` and `[A=1, B]` are two ways to write the same: the list of it, sorted when it was a mapping. */
export function asSequence(node: Node): readonly Node[] {
  if (isSequence(node)) return node.items;
  if (isMapping(node)) return [...node.entries].flatMap(([key, value]) => assignments(key, value)).toSorted(byText);
  return isNull(node) ? [] : [node];
}

function assignments(key: string, value: Node): Node[] {
  if (isNull(value)) return [scalar(key, value.at)];
  if (isSequence(value)) return value.items.map((item) => scalar(`${key}=${textOf(item)}`, item.at));
  return [scalar(`${key}=${textOf(value)}`, value.at)];
}

const byText = (a: Node, b: Node): number => (textOf(a) < textOf(b) ? -1 : textOf(a) > textOf(b) ? 1 : 0);

/** A list of names as the mapping that it stands for, each name with `defaults`. */
export function asMapping(node: Node, defaults: () => Node = () => scalar(null)): MappingNode {
  if (isMapping(node)) return node;
  if (!isSequence(node)) return mapping([], node.at);
  return mapping(node.items.map((item) => [textOf(item), { ...defaults(), at: item.at }]), node.at);
}
