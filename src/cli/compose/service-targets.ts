import { composeTargets, mergeTargets, readTarget, type Target } from "../../bake/mod.ts";
import { COMPOSE_VERSION, LABELS, type Project, type Service } from "../../compose/mod.ts";

/** What a command line says of every build of a project. */
export interface ServiceBuildOptions {
  readonly args?: Readonly<Record<string, string>>;
  readonly noCache?: boolean;
  readonly pull?: boolean;
  readonly push?: boolean;
  readonly check?: boolean;
  /** As `--ssh` has them. */
  readonly ssh?: readonly string[];
  readonly provenance?: string | undefined;
  readonly sbom?: string | undefined;
}

/** What is built for services, and for those whose images they build on; the images' labels say whose they are. */
export function serviceTargets(project: Project, services: readonly Service[], options: ServiceBuildOptions = {}): Record<string, Target> {
  const targets = composeTargets(project, withLinked(project, services));
  return Object.fromEntries(Object.entries(targets).map(([name, target]) => [name, withOptions(project, name, target, options)]));
}

function withOptions(project: Project, name: string, target: Target, { args, noCache, pull, push, check, ssh = [], provenance, sbom }: ServiceBuildOptions): Target {
  const labels = { [LABELS.project]: project.name, [LABELS.service]: name, [LABELS.version]: COMPOSE_VERSION };
  const said = {
    labels,
    ...(args && { args }),
    ...(noCache && { "no-cache": true }),
    ...(pull && { pull: true }),
    ...(check && { call: "check" }),
    // One without a name of its own has no registry to go to.
    ...(push && project.services[name]?.image !== undefined && { output: ["type=registry"] }),
    ...(ssh.length > 0 && { ssh }),
    ...((provenance !== undefined || sbom !== undefined) && { attest: [...attested("provenance", provenance), ...attested("sbom", sbom)] }),
  };
  return mergeTargets(target, readTarget(said, name));
}

function attested(type: string, said: string | undefined): string[] {
  if (said === undefined) return [];
  return [`type=${type},${said === "true" ? "disabled=false" : said === "false" ? "disabled=true" : said}`];
}

/** Services whose images others build on are built too. */
function withLinked(project: Project, services: readonly Service[]): Service[] {
  const all = new Set(services);
  for (const { build } of all) for (const source of Object.values(build?.additional_contexts ?? {})) {
    const other = source.startsWith("service:") ? project.services[source.slice("service:".length)] ?? project.disabledServices[source.slice("service:".length)] : undefined;
    if (other?.build) all.add(other);
  }
  return [...all];
}
