import type { Node } from "./node.ts";

export const childrenOf = (node: Node): Iterable<Node> => (node.kind === "mapping" ? node.entries.values() : node.kind === "sequence" ? node.items : []);
