import { isAddress } from "../../spec/mod.ts";
import { ComposeError } from "../errors.ts";
import { isMapping, stringOf, type MappingNode, type Node } from "../tree/node.ts";
import { applyRules, rulesOf } from "../tree/rules.ts";

type Check = (node: MappingNode, path: string) => string | undefined;

const EXTERNAL_KEYS = new Set(["name", "external"]);

/** What exists outside of the project cannot be described in it. */
const checkExternal: Check = ({ entries }, path) => {
  const external = entries.get("external");
  if (external?.kind !== "scalar" || external.value !== true) return undefined;
  const other = [...entries.keys()].find((key) => !EXTERNAL_KEYS.has(key) && !key.startsWith("x-"));
  return other === undefined ? undefined : `${path}: conflicting parameters "external" and ${JSON.stringify(other)} specified`;
};

const checkSources =
  (...keys: readonly string[]): Check =>
  ({ entries }, path) => {
    const said = keys.filter((key) => entries.has(key));
    if (said.length > 1) return `${path}: ${keys.join("|")} attributes are mutually exclusive`;
    return said.length === 0 && !entries.has("driver") && !entries.has("external") ? `${path}: one of ${keys.join("|")} must be set` : undefined;
  };

const checkDevices: Check = ({ entries }, path) => (entries.has("count") && entries.has("device_ids") ? `${path}: "count" and "device_ids" attributes are exclusive` : undefined);

const checkAddress: Check = ({ entries }, path) => {
  const address = stringOf(entries.get("host_ip"));
  return address !== undefined && !isAddress(address) ? `${path}: invalid ip address: ${address}` : undefined;
};

const checkWatch: Check = ({ entries }, path) => (stringOf(entries.get("path")) === "" ? `${path}.path: value can't be blank` : undefined);

const CHECKS = rulesOf<Check>({
  "configs.*": checkSources("file", "environment", "content"),
  "secrets.*": checkSources("file", "environment"),
  "services.*.deploy.resources.reservations.devices.*": checkDevices,
  "services.*.develop.watch.*": checkWatch,
  "services.*.gpus.*": checkDevices,
  "services.*.ports.*": checkAddress,
  "volumes.*": checkExternal,
});

/** What a schema cannot say about one part alone. @throws ComposeError */
export function validateTree(project: MappingNode): void {
  applyRules(project, CHECKS, (check, node, path): Node => {
    const message = isMapping(node) ? check(node, path) : undefined;
    if (message !== undefined) throw new ComposeError(message, { at: node.at, path });
    return node;
  });
}
