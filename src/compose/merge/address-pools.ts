import { ComposeError } from "../errors.ts";
import { isSequence, textOf, type MappingNode, type Node } from "../tree/node.ts";
import { asMapping } from "./forms.ts";

const subnetOf = (pool: MappingNode): string => {
  const subnet = pool.entries.get("subnet");
  return subnet ? textOf(subnet) : "";
};

/** A later file's pools take the place of the earlier one's; what both say about one subnet is put together. */
export function mergeAddressPools(base: Node, over: Node, path: string): Node {
  for (const node of [base, over]) if (!isSequence(node)) throw new ComposeError(`${path}: unexpected type`, { at: node.at, path, fix: "must be a list" });
  const pools: MappingNode[] = [];
  const later = isSequence(over) ? over.items.map((item) => asMapping(item)) : [];
  for (const item of isSequence(base) ? base.items : []) {
    const earlier = asMapping(item);
    for (const pool of later) {
      const isSame = subnetOf(pool) === subnetOf(earlier);
      const index = pools.findIndex((known) => subnetOf(known) === subnetOf(pool));
      if (isSame) pools.splice(index < 0 ? pools.length : index, index < 0 ? 0 : 1, { ...earlier, entries: new Map([...earlier.entries, ...pool.entries]) });
      else if (index < 0) pools.push(pool);
    }
  }
  return { kind: "sequence", items: pools, at: over.at };
}
