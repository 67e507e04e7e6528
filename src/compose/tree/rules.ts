import { isMapping, isSequence, mapEntries, type Node } from "./node.ts";

/** A table of dotted patterns, where `*` stands for any key or item, as a tree that is walked beside what it is about. */
export interface Rules<T> {
  readonly self: T | undefined;
  readonly keys: ReadonlyMap<string, Rules<T>>;
  readonly any: Rules<T> | undefined;
}

interface Growing<T> {
  self: T | undefined;
  keys: Map<string, Growing<T>>;
  any: Growing<T> | undefined;
}

const empty = <T>(): Growing<T> => ({ self: undefined, keys: new Map(), any: undefined });

/** `rulesOf({ "services.*.command": replace })` */
export function rulesOf<T>(table: Readonly<Record<string, T>>): Rules<T> {
  const root = empty<T>();
  for (const [pattern, rule] of Object.entries(table)) {
    let at = root;
    for (const part of pattern.split(".")) at = part === "*" ? (at.any ??= empty()) : childOf(at, part);
    at.self = rule;
  }
  return root;
}

function childOf<T>(at: Growing<T>, part: string): Growing<T> {
  const known = at.keys.get(part);
  if (known) return known;
  const child = empty<T>();
  at.keys.set(part, child);
  return child;
}

/** The rules one step further down. */
export const step = <T>(rules: Rules<T> | undefined, key: string): Rules<T> | undefined => rules && (rules.keys.get(key) ?? rules.any);

/** `services.web` and `ports` → `services.web.ports` */
export const join = (path: string, key: string): string => (path === "" ? key : `${path}.${key}`);

/** The tree with each part that a rule is about changed by it; nothing below such a part is looked at. */
export function applyRules<T>(node: Node, rules: Rules<T> | undefined, use: (rule: T, node: Node, path: string) => Node, path = ""): Node {
  if (!rules) return node;
  if (rules.self !== undefined) return use(rules.self, node, path);
  if (isMapping(node)) return mapEntries(node, (value, key) => applyRules(value, step(rules, key), use, join(path, key)));
  if (!isSequence(node)) return node;
  const below = step(rules, "[]");
  return below ? { ...node, items: node.items.map((item) => applyRules(item, below, use, join(path, "[]"))) } : node;
}
