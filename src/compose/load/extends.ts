import { dirname, relative, resolve } from "node:path";
import { canonical } from "../canonical/canonical.ts";
import { resolvePaths } from "../canonical/paths.ts";
import { ComposeError } from "../errors.ts";
import { mergeService } from "../merge/merge.ts";
import { entryOf, isMapping, isNull, stringOf, withEntries, type MappingNode, type Node } from "../tree/node.ts";
import { readDocuments, type FileContext } from "./documents.ts";
import { localCopy } from "./remote.ts";

interface Link {
  readonly file: string;
  readonly service: string;
}

/** The services of one file with what they extend put below them. @throws ComposeError */
export function applyExtends(project: MappingNode, file: string, context: FileContext): MappingNode {
  const services = project.entries.get("services");
  if (!isMapping(services)) return project;
  if (![...services.entries.values()].some((service) => entryOf(service, "extends"))) return project;
  const extended = new Map<string, Node>();
  for (const name of services.entries.keys()) extended.set(name, new Extension(context).apply(name, services, file, []));
  return withEntries(project, { services: { ...services, entries: extended } });
}

class Extension {
  constructor(readonly context: FileContext) {}

  apply(name: string, services: MappingNode, file: string, chain: readonly Link[]): Node {
    const service = services.entries.get(name);
    const said = entryOf(service, "extends");
    if (!isMapping(service) || !said || isNull(said)) return service ?? { kind: "scalar", value: null };
    const from = stringOf(said) ?? stringOf(entryOf(said, "service"));
    const at = { at: said.at, path: `services.${name}.extends` };
    if (from === undefined) throw new ComposeError(`extends.${name}.service is required`, { ...at, fix: "add service:, the name of the service to extend" });
    const other = stringOf(entryOf(said, "file"));
    const there = other === undefined ? services : this.#servicesOf(other, name, from, file, at);
    if (!there.entries.has(from)) throw new ComposeError(`cannot extend service ${JSON.stringify(name)} in ${file}: service ${JSON.stringify(from)} not found`, at);
    const link = { file: other ?? file, service: name };
    if (chain.some((known) => known.file === link.file && known.service === link.service)) throw circular([...chain, link], at);
    const base = this.apply(from, there, other ?? file, [...chain, link]);
    if (!isMapping(base)) return service;
    return withEntries(mergeService(base, service, `services.${name}`), { extends: undefined });
  }

  #servicesOf(other: string, name: string, from: string, file: string, at: { at: MappingNode["at"]; path: string }): MappingNode {
    const { baseFolder, home, warn, steps, remoteFiles } = this.context;
    const copy = localCopy(other, remoteFiles, at);
    const path = copy?.file ?? resolve(baseFolder, other);
    const project = canonical(readDocuments(path, this.context), { lenient: !steps.interpolate, warn });
    const placed = resolvePaths(project, { folder: copy?.folder ?? relative(baseFolder, dirname(path)), home });
    const services = placed.entries.get("services");
    if (!services) throw new ComposeError(`cannot extend service ${JSON.stringify(name)} in ${path}: no services section`, at);
    if (!isMapping(services)) throw new ComposeError(`cannot extend service ${JSON.stringify(name)} in ${path}: services must be a mapping`, at);
    if (!services.entries.has(from)) throw new ComposeError(`cannot extend service ${JSON.stringify(name)} in ${file}: service ${JSON.stringify(from)} not found in ${other}`, at);
    return services;
  }
}

function circular(chain: readonly Link[], at: { at: MappingNode["at"]; path: string }): ComposeError {
  const [first, ...others] = chain;
  return new ComposeError(["Circular reference:", `  ${first?.service} in ${first?.file}`, ...others.map(({ file, service }) => `  extends ${service} in ${file}`)].join("\n"), at);
}
