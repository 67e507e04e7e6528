import type { Node } from "../tree/node.ts";
import type { Out } from "./out.ts";

/** A tree as it is, for what is shown before it has types. */
export function treeOut(node: Node): Out {
  if (node.kind === "scalar") return node.form === "date" ? new Date(String(node.value)) : node.value;
  if (node.kind === "sequence") return node.items.map(treeOut);
  return { sorted: true, entries: [...node.entries].map(([key, value]) => [key, treeOut(value)]) };
}
