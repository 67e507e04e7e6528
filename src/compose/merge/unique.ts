import { ComposeError } from "../errors.ts";
import { entryOf, stringOf, textOf, type Node } from "../tree/node.ts";
import { join, rulesOf, step, type Rules } from "../tree/rules.ts";
import { splitVolume } from "../canonical/volume-text.ts";

/** What makes two items of a list the same one, of which the later stays, in the earlier's place. */
type Identity = (item: Node, path: string) => string;

const byName: Identity = (item) => textOf(item).split("=", 1)[0] ?? "";
const byText: Identity = (item) => textOf(item);
const byPath: Identity = (item) => stringOf(entryOf(item, "path")) ?? textOf(item);

const byVolumeTarget: Identity = (item, path) => {
  if (item.kind === "scalar") return splitVolume(textOf(item)).target;
  if (item.kind === "sequence") return textOf(item);
  return requiredTarget(item, "service volume", path);
};

const byDeviceTarget: Identity = (item, path) => {
  if (item.kind === "mapping") return requiredTarget(item, "service device", path);
  const [source = "", target = source] = textOf(item).split(":");
  return target;
};

function requiredTarget(item: Node, what: string, path: string): string {
  const target = stringOf(entryOf(item, "target"));
  if (target === undefined) throw new ComposeError(`${what} ${path} is missing a mount target`, { at: item.at, path, fix: "add target:" });
  return target;
}

const byMountTarget =
  (folder: string): Identity =>
  (item) => {
    if (item.kind === "scalar") return `${folder}/${textOf(item)}`;
    return stringOf(entryOf(item, "target")) ?? `${folder}/${stringOf(entryOf(item, "source")) ?? ""}`;
  };

const byPort: Identity = (item, path) => {
  if (item.kind !== "mapping") return textOf(item);
  const target = entryOf(item, "target");
  if (!target) throw new ComposeError(`service ports ${path} is missing a target port`, { at: item.at, path, fix: "add target:, the port inside the container" });
  const text = (key: string, otherwise: string): string => {
    const node = entryOf(item, key);
    return node ? textOf(node) : otherwise;
  };
  return `${text("host_ip", "0.0.0.0")}:${text("published", "")}:${textOf(target)}/${text("protocol", "tcp")}`;
};

const named = `
  networks.*.labels services.*.annotations services.*.build.args services.*.build.additional_contexts services.*.build.tags services.*.build.labels
  services.*.cap_add services.*.cap_drop services.*.deploy.labels services.*.dns services.*.dns_opt services.*.dns_search services.*.environment
  services.*.labels services.*.links services.*.networks.*.aliases services.*.networks.*.link_local_ips services.*.profiles services.*.sysctls services.*.tmpfs`;

const RULES = rulesOf<Identity>({
  ...Object.fromEntries(named.trim().split(/\s+/).map((pattern) => [pattern, byName])),
  "services.*.configs": byMountTarget(""),
  "services.*.devices": byDeviceTarget,
  "services.*.env_file": byPath,
  "services.*.expose": byText,
  "services.*.ports": byPort,
  "services.*.secrets": byMountTarget("/run/secrets"),
  "services.*.volumes": byVolumeTarget,
});

/** Lists whose items have an identity hold each once: what a later file says of it. */
export function enforceUnique<T extends Node>(node: T, path?: string, rules?: Rules<Identity>): T;
export function enforceUnique(node: Node, path = "", rules: Rules<Identity> | undefined = RULES): Node {
  if (node.kind === "mapping") {
    const entries = new Map<string, Node>();
    for (const [key, value] of node.entries) {
      const below = step(rules, key);
      entries.set(key, below ? enforceUnique(value, join(path, key), below) : value);
    }
    return { ...node, entries };
  }
  if (node.kind !== "sequence" || !rules?.self) return node;
  const identity = rules.self;
  const items = new Map<string, Node>();
  for (const [index, item] of node.items.entries()) items.set(identity(item, `${path}.[${index}]`), item);
  return { ...node, items: [...items.values()] };
}
