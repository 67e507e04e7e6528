import type { Node } from "./node.ts";

/** What stands at a dotted path, or the nearest thing above it. */
export function nodeAt(root: Node, path: string): Node | undefined {
  let at: Node = root;
  let rest = path;
  while (rest !== "") {
    const [key, child]: readonly [string, Node | undefined] = childAt(at, rest);
    if (!child) break;
    at = child;
    rest = rest.slice(key.length + 1);
  }
  return at === root ? undefined : at;
}

/** The child whose key `path` starts with; keys may hold dots. */
function childAt(node: Node, path: string): readonly [string, Node | undefined] {
  const [first = ""] = path.split(".", 1);
  if (node.kind === "sequence") return [first, node.items[Number(first)]];
  if (node.kind !== "mapping") return [first, undefined];
  const key = node.entries.has(first) ? first : [...node.entries.keys()].find((name) => path === name || path.startsWith(`${name}.`));
  return key === undefined ? [first, undefined] : [key, node.entries.get(key)];
}
