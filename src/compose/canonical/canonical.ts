import { ComposeError } from "../errors.ts";
import { isMapping, isNull, isSequence, mapEntries, mapping, scalar, sequence, stringOf, textOf, withEntries, type MappingNode, type Node } from "../tree/node.ts";
import { applyRules, rulesOf, type Rules } from "../tree/rules.ts";
import { portsOf } from "./port.ts";
import { volumeOf } from "./volume.ts";

export interface CanonicalOptions {
  /** Texts still hold variables: what cannot be read stays as it is. */
  readonly lenient: boolean;
  readonly warn: (message: string) => void;
}

type Form = (node: Node, path: string, options: CanonicalOptions) => Node;

const oneOrMany = (node: Node): Node => (stringOf(node) === undefined ? node : sequence([node], node.at));
const listOf: Form = (node) => oneOrMany(node);
const withoutEmpty = (node: Node): Node => (isSequence(node) ? { ...node, items: node.items.filter((item) => stringOf(item) !== "" && !isNull(item)) } : node);
const sourceOf: Form = (node) => (node.kind === "scalar" ? mapping([["source", node]], node.at) : node);
const serviceOf: Form = (node) => (node.kind === "scalar" ? mapping([["service", node]], node.at) : node);
const namesOf: Form = (node) => (isSequence(node) ? mapping(node.items.map((item) => [textOf(item), scalar(null, item.at)]), node.at) : node);
const asText: Form = (node) => (node.kind === "scalar" && typeof node.value !== "string" ? scalar(textOf(node), node.at) : node);
const gpusOf: Form = (node) => (node.kind === "scalar" ? sequence([mapping([["count", scalar("all", node.at)]], node.at)], node.at) : node);
const buildOf: Form = (node, path, options) => (node.kind === "scalar" ? mapping([["context", node]], node.at) : within(node, path, options, BUILD));

const dependenciesOf: Form = (node, path) => {
  if (isSequence(node)) return mapping(node.items.map((item) => [textOf(item), dependency(mapping([], item.at))]), node.at);
  if (!isMapping(node)) return node;
  return mapEntries(node, (value, name) => {
    if (!isMapping(value)) throw new ComposeError(`${path}.${name}: unsupported value ${textOf(value)}`, { at: value.at, path: `${path}.${name}`, fix: "write condition: service_started, service_healthy or service_completed_successfully below it" });
    return dependency(value);
  });
};

const dependency = (node: MappingNode): MappingNode =>
  withEntries(node, {
    condition: node.entries.get("condition") ?? scalar("service_started", node.at),
    required: node.entries.get("required") ?? scalar(true, node.at),
  });

const envFilesOf: Form = (node) => {
  const items = isSequence(node) ? node.items : [node];
  return sequence(items.map((item) => (isMapping(item) ? withEntries(item, { required: item.entries.get("required") ?? scalar(true, item.at) }) : mapping([["path", item], ["required", scalar(true, item.at)]], item.at))), node.at);
};

const deviceOf: Form = (node, path, { lenient }) => {
  const text = stringOf(node);
  if (text === undefined) return node;
  const parts = text.split(":");
  if (parts.length > 3 && lenient) return node;
  if (parts.length > 3) throw new ComposeError(`confusing device mapping, please use long syntax: ${text}`, { at: node.at, path, fix: "write source:, target: and permissions:" });
  const [source = "", target = "", permissions = "rwm"] = parts;
  return mapping([["source", scalar(source, node.at)], ["target", scalar(target === "" ? source : target, node.at)], ["permissions", scalar(permissions, node.at)]], node.at);
};

const assignmentsOf: Form = (node, path, { lenient }) => {
  if (!isSequence(node)) return node;
  const entries = new Map<string, Node>();
  for (const item of node.items) {
    const text = textOf(item);
    const at = text.indexOf("=");
    if (at < 0 && lenient) return node;
    if (at < 0) throw new ComposeError(`${path}: invalid value ${text}, expected key=value`, { at: item.at, path });
    entries.set(text.slice(0, at), scalar(text.slice(at + 1), item.at));
  }
  return mapping(entries, node.at);
};

const sshOf: Form = (node, path) => {
  if (!isSequence(node)) return node;
  return mapping(
    node.items.map((item) => {
      const text = textOf(item);
      const at = text.indexOf("=");
      if (at < 0 && text !== "default") throw new ComposeError(`invalid ssh key ${JSON.stringify(text)}`, { at: item.at, path, fix: "write ID=PATH, or default" });
      return at < 0 ? [text, scalar(null, item.at)] : [text.slice(0, at), scalar(text.slice(at + 1), item.at)];
    }),
    node.at,
  );
};

/** `external: {name: x}` is how version 2 wrote `external: true` with `name: x`. */
const resourceOf: Form = (node, path, options) => {
  if (!isMapping(node)) return node;
  const external = node.entries.get("external");
  if (!isMapping(external)) return node;
  const outer = node.entries.get("name");
  const inner = external.entries.get("name");
  if (inner) options.warn(`${path}: external.name is deprecated. Please set name and external: true`);
  if (inner && outer && textOf(inner) !== textOf(outer)) throw new ComposeError(`${path}: name and external.name conflict; only use name`, { at: inner.at, path });
  return withEntries(node, { external: scalar(true, external.at), name: outer ?? inner });
};

const BUILD = rulesOf<Form>({
  additional_contexts: assignmentsOf,
  provenance: asText,
  sbom: asText,
  "secrets.*": sourceOf,
  ssh: sshOf,
});

const FORMS = rulesOf<Form>({
  "services.*.build": buildOf,
  "services.*.configs.*": sourceOf,
  "services.*.depends_on": dependenciesOf,
  "services.*.develop.watch.*.ignore": listOf,
  "services.*.develop.watch.*.include": listOf,
  "services.*.devices.*": deviceOf,
  "services.*.dns": (node) => withoutEmpty(oneOrMany(node)),
  "services.*.env_file": envFilesOf,
  "services.*.extends": serviceOf,
  "services.*.gpus": gpusOf,
  "services.*.label_file": listOf,
  "services.*.models": namesOf,
  "services.*.networks": namesOf,
  "services.*.ports": (node, path, { lenient }) => portsOf(node, path, lenient),
  "services.*.secrets.*": sourceOf,
  "services.*.volumes.*": (node, path, { lenient }) => volumeOf(node, path, lenient),
  "configs.*": resourceOf,
  "networks.*": resourceOf,
  "secrets.*": resourceOf,
  "volumes.*": resourceOf,
});

/** The project with every short form written out. @throws ComposeError for a short form that means nothing */
export function canonical(project: MappingNode, options: CanonicalOptions): MappingNode {
  const written = within(project, "", options, FORMS);
  return isMapping(written) ? written : project;
}

function within(node: Node, path: string, options: CanonicalOptions, rules: Rules<Form>): Node {
  return applyRules(node, rules, (form, part, at) => (isNull(part) ? part : form(part, at, options)), path);
}
