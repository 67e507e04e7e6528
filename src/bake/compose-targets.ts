import { imageOf, type Project, type Service } from "../compose/mod.ts";
import { EngineError } from "../base/mod.ts";
import { mergeTargets, readTarget, type Fields, type Target } from "./target.ts";
import type { Value } from "./hcl/mod.ts";

/** Services that have something to build, as targets under their names: what Compose makes of them. */
export function composeTargets(project: Project, services: readonly Service[] = Object.values(project.services)): Record<string, Target> {
  return Object.fromEntries(services.flatMap((service) => (service.build ? [[service.name, targetOf(project, service)]] : [])));
}

/** The same as bake has it: `x-bake` says what Compose has no key for, and what nobody has named gets no name. @throws EngineError */
export function bakeTargets(project: Project): Record<string, Target> {
  const own = composeTargets(project);
  return Object.fromEntries(Object.entries(own).map(([name, target]) => {
    const { image, build } = project.services[name] ?? {};
    const tags = build?.tags ?? (image === undefined ? [] : [image]);
    const { tags: _, ...others } = target;
    const named: Target = { ...others, ...(tags.length > 0 && { tags }), ...(others.attest && { attest: others.attest.toReversed() }) };
    return [name, withExtension(named, build?.extensions?.["x-bake"] as Value | undefined, name)];
  }));
}

const EXTENDED = ["tags", "cache-from", "cache-to", "secret", "ssh", "platforms", "output", "pull", "no-cache", "no-cache-filter", "contexts", "attest"] as const;
/** What `x-bake` adds to, where a definition file would take its place. */
const ADDED = ["tags", "cache-to", "platforms", "output", "no-cache-filter"] as const;

function withExtension(target: Target, extension: Value | undefined, service: string): Target {
  if (extension === undefined || extension === null) return target;
  const values = Object(extension) as Readonly<Record<string, Value>>;
  const unknown = Object.keys(values).find((key) => !EXTENDED.some((known) => known === key));
  if (unknown !== undefined) throw new EngineError("InvalidParameter", `services.${service}.build.x-bake has no key ${JSON.stringify(unknown)}: there are ${EXTENDED.join(", ")}`);
  const said = readTarget(values, service);
  const lists = ADDED.flatMap((key) => (target[key] && said[key] ? [[key, [...new Set<unknown>([...target[key], ...said[key]])]] as const] : []));
  return { ...mergeTargets(target, said), ...(Object.fromEntries(lists) as Partial<Target>) };
}

function targetOf(project: Project, service: Service): Target {
  const { build = {} } = service;
  const { context = ".", dockerfile, dockerfile_inline, args = {}, labels, target, cache_from, cache_to, secrets, ssh, platforms, network, shm_size, ulimits, no_cache, pull, extra_hosts, entitlements = [], additional_contexts, tags = [], provenance, sbom, privileged } = build;
  const given = Object.entries(args).filter((entry): entry is [string, string] => entry[1] !== null);
  const granted = [...entitlements, ...(privileged ? ["security.insecure"] : [])];
  const own: Target = {
    context,
    ...(additional_contexts && { contexts: contextsOf(additional_contexts) }),
    ...(dockerfile !== undefined && { dockerfile }),
    ...(dockerfile_inline !== undefined && { "dockerfile-inline": dockerfile_inline }),
    ...(given.length > 0 && { args: Object.fromEntries(given) }),
    ...(labels && { labels }),
    tags: [imageOf(service, project), ...tags],
    ...(target !== undefined && { target }),
    ...(secrets && { secret: secrets.map(({ source = "", target: id }) => secretOf(project, source, id ?? source)) }),
    ...(ssh && { ssh: Object.entries(ssh).map(([id, path]) => ({ id, ...(path !== "" && { paths: path }) })) }),
    ...(platforms ? { platforms } : service.platform !== undefined && { platforms: [service.platform] }),
    ...(network !== undefined && { network }),
    ...(shm_size !== undefined && { "shm-size": String(shm_size) }),
    ...(ulimits && { ulimits: Object.entries(ulimits).map(([name, { single, soft, hard }]) => `${name}=${soft ?? single ?? 0}:${hard ?? single ?? 0}`) }),
    ...(no_cache && { "no-cache": true }),
    ...(pull && { pull: true }),
    ...(extra_hosts && { "extra-hosts": Object.fromEntries(Object.entries(extra_hosts).map(([host, addresses]) => [host, addresses.join(",")])) }),
    ...(granted.length > 0 && { entitlements: granted }),
  };
  const written = { ...(cache_from && { "cache-from": cache_from }), ...(cache_to && { "cache-to": cache_to }), ...(provenance !== undefined && { attest: [`type=provenance,${attested(provenance)}`] }) };
  const withCaches = mergeTargets(own, readTarget(written as Readonly<Record<string, Value>>, service.name));
  return sbom === undefined ? withCaches : mergeTargets(withCaches, readTarget({ attest: [`type=sbom,${attested(sbom)}`] }, service.name));
}

/** `true`, `false`, or fields of their own. */
const attested = (said: string): string => (said === "true" ? "disabled=false" : said === "false" ? "disabled=true" : said);

/** `service:x` is what the service x is built to. */
const contextsOf = (contexts: Readonly<Record<string, string>>): Record<string, string> => Object.fromEntries(Object.entries(contexts).map(([name, source]) => [name, source.startsWith("service:") ? `target:${source.slice("service:".length)}` : source]));

function secretOf({ secrets }: Project, source: string, id: string): Fields {
  const { file, environment } = secrets[source] ?? {};
  return { id, ...(file !== undefined ? { src: file } : { env: environment ?? source }) };
}
