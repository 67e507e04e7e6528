import { ComposeError } from "../errors.ts";
import { isMapping, isNull, isSequence, mapping, scalar, type MappingNode, type Node } from "../tree/node.ts";
import { join, rulesOf, step, type Rules } from "../tree/rules.ts";
import { asMapping, asSequence } from "./forms.ts";
import { mergeAddressPools } from "./address-pools.ts";

/** What becomes of a value when a later file, or a service that extends another, says something else. */
type Merge = (base: Node, over: Node, path: string, context: Context) => Node;

interface Context {
  readonly rules: Rules<Merge> | undefined;
  /** Keeps `!reset` and `!override` for a merge that is still to come. */
  readonly keepTags: boolean;
}

const replace: Merge = (_, over) => over;

const append: Merge = (base, over) => {
  const items = [...asSequence(base), ...asSequence(over)];
  return { kind: "sequence", items, at: over.at ?? base.at };
};

/** A host is listed once per address. */
const appendHosts: Merge = (base, over) => {
  const known = asSequence(base);
  const texts = new Set(known.map((node) => (node.kind === "scalar" ? node.value : undefined)));
  const added = asSequence(over).filter((node) => !(node.kind === "scalar" && texts.has(node.value)));
  return { kind: "sequence", items: [...known, ...added], at: over.at ?? base.at };
};

const mergeKeyed =
  (defaults: () => Node): Merge =>
  (base, over, path, context) =>
    mergeEntries(asMapping(base, defaults), asMapping(over, defaults), path, context);

const asDependency = (): Node => mapping([["condition", scalar("service_started")], ["required", scalar(true)]]);

const mergeBuild: Merge = (base, over, path, context) => mergeEntries(asBuild(base), asBuild(over), path, context);
const asBuild = (node: Node): MappingNode => (isMapping(node) ? node : mapping(isNull(node) ? [] : [["context", node]], node.at));

/** Options of one driver mean nothing to another. */
const mergeLogging: Merge = (base, over, path, context) => {
  if (!isMapping(base) || !isMapping(over)) return isNull(over) ? base : over;
  const [driver, other] = [base, over].map((node) => node.entries.get("driver")).map((node) => (node?.kind === "scalar" ? node.value : undefined));
  return driver === undefined || other === undefined || driver === other ? mergeEntries(base, over, path, context) : over;
};

const sequences = `
  networks.*.labels volumes.*.labels services.*.annotations services.*.build.args services.*.build.additional_contexts services.*.build.labels
  services.*.deploy.labels services.*.dns services.*.dns_opt services.*.dns_search services.*.env_file services.*.label_file services.*.environment
  services.*.labels services.*.volumes.*.volume.labels services.*.sysctls services.*.tmpfs`;

const RULES = rulesOf<Merge>({
  ...Object.fromEntries(sequences.trim().split(/\s+/).map((pattern) => [pattern, append])),
  "networks.*.ipam.config": mergeAddressPools,
  "services.*.build": mergeBuild,
  "services.*.build.extra_hosts": appendHosts,
  "services.*.command": replace,
  "services.*.depends_on": mergeKeyed(asDependency),
  "services.*.entrypoint": replace,
  "services.*.extra_hosts": appendHosts,
  "services.*.healthcheck.test": replace,
  "services.*.logging": mergeLogging,
  "services.*.models": mergeKeyed(() => scalar(null)),
  "services.*.networks": mergeKeyed(() => scalar(null)),
  "services.*.ulimits.*": replace,
});

/** The project after a later file has had its say. @throws ComposeError where the two do not go together */
export function mergeProject(base: MappingNode, over: MappingNode): MappingNode {
  return mergeEntries(base, over, "", { rules: RULES, keepTags: false });
}

/** A service on top of the one that it extends. */
export function mergeService(base: MappingNode, over: MappingNode, path: string): MappingNode {
  return mergeEntries(base, over, path, { rules: step(step(RULES, "services"), "*"), keepTags: true });
}

function mergeEntries(base: MappingNode, over: MappingNode, path: string, { rules, keepTags }: Context): MappingNode {
  const entries = new Map(base.entries);
  for (const [key, value] of over.entries) {
    const known = value.tag === undefined ? entries.get(key) : undefined;
    const context = { rules: step(rules, key), keepTags };
    const merged = known ? mergeNode(known, value, join(path, key), context) : value;
    const settled = keepTags ? merged : withoutTags(merged);
    if (settled) entries.set(key, settled);
    else entries.delete(key);
  }
  return { ...over, tag: undefined, entries, at: over.at ?? base.at };
}

function mergeNode(base: Node, over: Node, path: string, context: Context): Node {
  const rule = context.rules?.self;
  if (rule) return rule(withoutTagged(base, over), withoutTags(over) ?? over, path, context);
  if (isNull(over)) return base;
  if (isMapping(base)) {
    if (!isMapping(over)) throw mismatch(path, over);
    return mergeEntries(base, over, path, context);
  }
  if (isSequence(base)) {
    if (!isSequence(over)) throw mismatch(path, over);
    return { ...over, items: [...base.items, ...over.items] };
  }
  return over;
}

const mismatch = (path: string, over: Node): ComposeError =>
  new ComposeError(`cannot override ${path}`, { at: over.at, path, fix: "it has another form here than in the file before; write both the same way, or tag this one with !override" });

/** The base without what the tags below `over` take away from it. */
function withoutTagged(base: Node, over: Node): Node {
  if (!isMapping(base) || !isMapping(over) || !hasTags(over)) return base;
  const entries = new Map<string, Node>();
  for (const [key, value] of base.entries) {
    const other = over.entries.get(key);
    if (other?.tag === undefined) entries.set(key, other ? withoutTagged(value, other) : value);
  }
  return { ...base, entries };
}

/** What is left once `!reset` has taken away what it stands at. */
function withoutTags(node: Node): Node | undefined {
  if (node.tag === "reset") return undefined;
  if (node.kind === "scalar") return node.tag ? { ...node, tag: undefined } : node;
  if (!hasTags(node)) return node;
  if (node.kind === "sequence") return { ...node, tag: undefined, items: node.items.map(withoutTags).filter((item) => item !== undefined) };
  const entries = new Map<string, Node>();
  for (const [key, value] of node.entries) {
    const kept = withoutTags(value);
    if (kept) entries.set(key, kept);
  }
  return { ...node, tag: undefined, entries };
}

function hasTags(node: Node): boolean {
  if (node.tag) return true;
  if (node.kind === "sequence") return node.items.some(hasTags);
  if (node.kind === "mapping") for (const value of node.entries.values()) if (hasTags(value)) return true;
  return false;
}
