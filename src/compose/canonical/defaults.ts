import { isMapping, scalar, textOf, withEntries, type MappingNode } from "../tree/node.ts";
import { applyRules, rulesOf } from "../tree/rules.ts";

type Fill = (node: MappingNode) => MappingNode;

const fill = (node: MappingNode, key: string, value: string): MappingNode => (node.entries.has(key) ? node : withEntries(node, { [key]: scalar(value, node.at) }));

const anyDevice: Fill = (node) => (node.entries.has("device_ids") ? node : fill(node, "count", "all"));

const RULES = rulesOf<Fill>({
  "services.*.build": (node) => fill(node, "context", "."),
  "services.*.deploy.resources.reservations.devices.*": anyDevice,
  "services.*.gpus.*": anyDevice,
  "services.*.ports.*": (node) => fill(fill(node, "protocol", "tcp"), "mode", "ingress"),
  "services.*.secrets.*": (node) => {
    const source = node.entries.get("source");
    return fill(node, "target", `/run/secrets/${source ? textOf(source) : ""}`);
  },
});

/** What the specification takes for granted where nothing is said. */
export function withDefaults(project: MappingNode): MappingNode {
  const filled = applyRules(project, RULES, (rule, node) => (isMapping(node) ? rule(node) : node));
  return isMapping(filled) ? filled : project;
}
