import { childrenOf } from "../tree/children.ts";
import { isMapping, isSequence, type Node, type Place } from "../tree/node.ts";
import { NotQuick } from "./not-quick.ts";

/** Nodes that aliases may come to, written out, before the library looks at them. */
const MAX_ALIASED = 100_000;
const ANCHOR = /&([A-Za-z0-9_-]+)(?: +|$)/my;
const ALIAS = /\*([A-Za-z0-9_-]+)(?=[ ,\]}]|$)/my;

/** What `&name` marks and `*name` repeats. */
export class Anchors {
  readonly #nodes = new Map<string, Node>();
  readonly #sizes = new WeakMap<Node, number>();
  #aliased = 0;

  constructor(readonly text: string) {}

  /** The anchor that starts here and where its node does. Until that is read, the name means nothing. @throws NotQuick */
  open(start: number): { readonly name: string; readonly end: number } {
    ANCHOR.lastIndex = start;
    const name = ANCHOR.exec(this.text)?.[1];
    if (name === undefined || /[&*!]/.test(this.text.charAt(ANCHOR.lastIndex))) throw new NotQuick();
    this.#nodes.delete(name);
    return { name, end: ANCHOR.lastIndex };
  }

  close(name: string, node: Node): void {
    this.#nodes.set(name, node);
  }

  /** The node that the alias here repeats, and where the alias ends. @throws NotQuick */
  alias(start: number, at: Place): { readonly node: Node; readonly end: number } {
    ALIAS.lastIndex = start;
    const node = this.#nodes.get(ALIAS.exec(this.text)?.[1] ?? "");
    if (!node) throw new NotQuick();
    this.#aliased += this.#sizeOf(node);
    if (this.#aliased > MAX_ALIASED) throw new NotQuick();
    return { node: { ...node, at }, end: ALIAS.lastIndex };
  }

  #sizeOf(node: Node): number {
    const known = this.#sizes.get(node);
    if (known !== undefined) return known;
    let size = 1;
    for (const child of childrenOf(node)) size += this.#sizeOf(child);
    this.#sizes.set(node, size);
    return size;
  }
}

/** Adds what a merge key brings: nothing that is there already. @throws NotQuick for what cannot be merged */
export function mergeInto(entries: Map<string, Node>, source: Node): void {
  for (const from of isSequence(source) ? source.items : [source]) {
    if (!isMapping(from)) throw new NotQuick();
    for (const [key, value] of from.entries) if (!entries.has(key)) entries.set(key, value);
  }
}
