import { ComposeError, up, type Project, type UpOptions } from "../../../compose/mod.ts";
import { openContext } from "../../compose/context.ts";
import { isDryRun } from "../../compose/dry-run.ts";
import { confirmRemote } from "../../compose/remote/confirm.ts";
import { withScales } from "../../compose/scales.ts";
import type { Invocation } from "../../command.ts";
import { Failure } from "../../failure.ts";
import type { Flags } from "../../flags.ts";
import { openProject } from "./project-options.ts";
import { withoutDependencies } from "./without-dependencies.ts";

export async function run(invocation: Invocation): Promise<number> {
  const { flags, args } = invocation;
  checkFlags(flags);
  const project = withScales(await servicesOf(invocation, args), flags.list("scale"));
  if (Object.keys(project.services).length === 0) throw new Failure("no service selected");
  const chosen = flags.string("exit-code-from");
  if (chosen && !project.services[chosen]) throw new Failure(`no such service: ${chosen}: ${project.disabledServices[chosen] ? "disabled" : "not found"}`);
  await confirmRemote(invocation, project, flags.bool("yes"));
  if (flags.bool("watch")) (await import("../../compose/watch/triggers.ts")).triggersOf(project, args);
  const attached = !isDryRun(invocation) && !flags.bool("detach") && !flags.bool("wait") && !flags.bool("no-start");
  if (attached) return await (await import("../../compose/attached-up.ts")).attachedUp(invocation, project, upOptions(flags, args));
  using context = openContext(invocation);
  await up(context, project, upOptions(flags, args));
  return 0;
}

async function servicesOf(invocation: Invocation, names: readonly string[]): Promise<Project> {
  const project = await openProject(invocation, names);
  return invocation.flags.bool("no-deps") && names.length > 0 ? withoutDependencies(project, names) : project;
}

const EXCLUSIVE: readonly (readonly [string, string])[] = [
  ["build", "no-build"],
  ["no-recreate", "renew-anon-volumes"],
  ["force-recreate", "no-recreate"],
  ["always-recreate-deps", "no-recreate"],
  ["no-build", "watch"],
];

export function checkExclusive(flags: Flags, pairs: readonly (readonly [string, string])[]): void {
  for (const [one, other] of pairs) if (flags.bool(one) && flags.bool(other)) throw new Failure(`--${one} and --${other} are incompatible`);
}

/** In docker-compose's order and words. */
function checkFlags(flags: Flags): void {
  const failing = flags.bool("abort-on-container-failure");
  const ending = flags.bool("abort-on-container-exit") || (flags.string("exit-code-from") ? !failing : false);
  const attaching = flags.bool("attach-dependencies") || flags.list("attach").length > 0;
  if (ending && failing) throw new Failure("--abort-on-container-failure cannot be combined with --abort-on-container-exit");
  if (flags.bool("wait") && (attaching || ending)) throw new Failure("--wait cannot be combined with --abort-on-container-exit, --attach or --attach-dependencies");
  const detached = ["wait", "detach"].find((name) => flags.bool(name));
  if (detached !== undefined && (attaching || ending || failing || flags.bool("watch"))) throw new Failure(`--${detached} cannot be combined with --abort-on-container-exit, --abort-on-container-failure, --attach, --attach-dependencies or --watch`);
  checkExclusive(flags, EXCLUSIVE);
  if (flags.changed("wait-timeout") && !flags.bool("wait")) throw new Failure("--wait-timeout needs --wait");
}

export function upOptions(flags: Flags, asked: readonly string[]): UpOptions {
  const recreate = flags.bool("force-recreate") ? "force" : flags.bool("no-recreate") ? "never" : "diverged";
  return {
    asked,
    recreate,
    recreateDependencies: flags.bool("always-recreate-deps") ? "force" : flags.bool("no-recreate") ? "never" : "diverged",
    renewAnonymousVolumes: flags.bool("renew-anon-volumes"),
    timeoutSeconds: flags.changed("timeout") ? flags.number("timeout") : undefined,
    removeOrphans: flags.bool("remove-orphans") || process.env["COMPOSE_REMOVE_ORPHANS"] === "true",
    noStart: flags.bool("no-start"),
    build: flags.bool("build"),
    noBuild: flags.bool("no-build"),
    pull: pullPolicy(flags.string("pull")),
    wait: flags.bool("wait"),
    waitTimeoutSeconds: flags.number("wait-timeout"),
    rolling: flags.bool("rolling"),
  };
}

export function pullPolicy(said: string | undefined): UpOptions["pull"] {
  if (said === undefined || said === "" || said === "policy") return undefined;
  if (said === "always" || said === "missing" || said === "never") return said;
  throw new ComposeError(`invalid --pull option ${JSON.stringify(said)}`, { fix: "always, missing or never" });
}
