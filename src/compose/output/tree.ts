import type { Node } from "../tree/node.ts";
import { Float, Instant, type Out } from "./out.ts";

/** A tree as it is, for what is shown before it has types. */
export function treeOut(node: Node): Out {
  if (node.kind === "scalar") return node.form === "date" ? new Instant(String(node.value)) : node.form === "float" ? new Float(Number(node.value)) : node.value;
  if (node.kind === "sequence") return node.items.map(treeOut);
  return { sorted: true, entries: [...node.entries].map(([key, value]) => [key, treeOut(value)]) };
}
