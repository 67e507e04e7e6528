import { mergeTargets, printBaked, type Target } from "../../../bake/mod.ts";
import { imageOf, type Project, type Service } from "../../../compose/mod.ts";
import { chooseDisplay } from "../../build/progress/choose-display.ts";
import { parseBuildArgs } from "../../build/options/values.ts";
import { tellAnswers } from "../../build/tell-answers.ts";
import { buildTargets } from "../../build/targets.ts";
import type { Invocation } from "../../command.ts";
import { openContext } from "../../compose/context.ts";
import { isDryRun, sayDry } from "../../compose/dry-run.ts";
import { buildProgress } from "../../compose/image-work.ts";
import { serviceTargets, type ServiceBuildOptions } from "../../compose/service-targets.ts";
import type { Flags } from "../../flags.ts";
import { out } from "../../output.ts";
import { openProject, warn } from "./project-options.ts";

export async function run(invocation: Invocation): Promise<number> {
  const { flags, args } = invocation;
  const project = await openProject(invocation, args);
  const services = buildable(project, args, flags.bool("with-dependencies"));
  if (flags.changed("memory")) warn("--memory is not supported by BuildKit and will be ignored");
  const targets = serviceTargets(project, services, buildOptions(flags));
  if (flags.bool("print")) {
    out(`${printed(targets, services)}\n`);
    return 0;
  }
  if (services.length === 0) {
    warn("No services to build");
    return 0;
  }
  if (isDryRun(invocation)) return sayDry(services.map(({ name }) => name).join(" "), "Built");
  using context = openContext(invocation, { quiet: flags.bool("quiet") });
  const results = await buildTargets({ ...invocation, variables: Object.fromEntries(project.environment) }, targets, await chooseDisplay({ progress: flags.string("progress") || buildProgress(invocation), quiet: flags.bool("quiet") }));
  if (flags.bool("check")) return tellAnswers(results, targets);
  for (const service of services) context.view.tell({ id: `Image ${imageOf(service, project)}`, text: "Built", status: "done" });
  return 0;
}

/** Those named, or all; what they depend on only when that is asked for. */
function buildable(project: Project, names: readonly string[], withDependencies: boolean): Service[] {
  return Object.values(project.services).filter(({ name, build }) => build !== undefined && (withDependencies || names.length === 0 || names.includes(name)));
}

function buildOptions(flags: Flags): ServiceBuildOptions {
  const ssh = flags.string("ssh");
  return {
    args: parseBuildArgs(flags.list("build-arg")),
    noCache: flags.bool("no-cache"),
    pull: flags.bool("pull"),
    push: flags.bool("push"),
    check: flags.bool("check"),
    ...(ssh && { ssh: [ssh] }),
    provenance: flags.string("provenance"),
    sbom: flags.string("sbom"),
  };
}

/** The definition by which `bake` builds the same. */
function printed(targets: Readonly<Record<string, Target>>, services: readonly Service[]): string {
  const complete = Object.entries(targets).map(([name, target]) => [name, target.output || target.call ? target : mergeTargets(target, { output: [{ type: "docker" }] })]);
  return printBaked({ group: { default: { targets: services.map(({ name }) => name) } }, target: Object.fromEntries(complete) as Record<string, Target> });
}
