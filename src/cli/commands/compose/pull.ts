import { inspectImage } from "../../../client/mod.ts";
import { type Project, type Service } from "../../../compose/mod.ts";
import { openContext, type OpenContext } from "../../compose/context.ts";
import type { Invocation } from "../../command.ts";
import { Failure } from "../../failure.ts";
import type { Flags } from "../../flags.ts";
import { err } from "../../output.ts";
import { openProject } from "./project-options.ts";
import { withoutDependencies } from "./without-dependencies.ts";

export async function run(invocation: Invocation): Promise<number> {
  const { flags, args } = invocation;
  const whole = await openProject(invocation, args);
  const project = args.length > 0 && !flags.bool("include-deps") ? withoutDependencies(whole, args) : whole;
  using context = openContext(invocation, { quiet: flags.bool("quiet") });
  await pullAll(context, project, flags);
  return 0;
}

async function pullAll(context: OpenContext, project: Project, flags: Flags): Promise<void> {
  const wanted = new Map<string, Service>();
  for (const service of Object.values(project.services)) {
    const reason = await skipped(context, service, flags, wanted);
    if (reason === undefined && service.image !== undefined) wanted.set(service.image, service);
    else context.tell({ id: service.name, what: `Skipped${reason ? ` - ${reason}` : ""}`, text: "", status: "done" });
  }
  const failures: { readonly service: Service; readonly error: unknown }[] = [];
  await Promise.all([...wanted].map(async ([image, service]) => void (await context.images.pull(service, image).catch((error: unknown) => failures.push({ service, error })))));
  context.view.end();
  const toBuild = failures.filter(({ service }) => service.build).map(({ service }) => service.name);
  if (toBuild.length > 0) err(`WARNING: Some service image(s) must be built from source by running:\n    docker compose build ${toBuild.join(" ")}\n`);
  const [first] = failures.filter(({ service }) => !service.build);
  if (first && !flags.bool("ignore-pull-failures")) throw new Failure(first.error instanceof Error ? first.error.message : String(first.error));
}

/** Why it is not pulled; undefined when it is, "" for no reason worth a word. */
async function skipped({ client }: OpenContext, { image, build, pull_policy = "", provider }: Service, flags: Flags, wanted: ReadonlyMap<string, Service>): Promise<string | undefined> {
  if (provider) return "";
  if (image === undefined) return "No image to be pulled";
  if (build && flags.bool("ignore-buildable")) return "Image can be built";
  const policy = flags.string("policy") || pull_policy;
  if (policy === "never" || policy === "build") return "";
  const taken = wanted.get(image);
  if (taken) return `Image is already being pulled by ${taken.name}`;
  const there = (policy === "missing" || policy === "if_not_present") && (await inspectImage(client, image).then(() => true, () => false));
  return there ? "Image is already present locally" : undefined;
}
